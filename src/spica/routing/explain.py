"""Which route answers a request, and why the others that come near don't: `spica routes --match`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from spica.routing.pattern import Parts, PathParameter
from spica.routing.route import Route


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `host` without its port, "" for any; `path` as sent, without the query."""

    method: str
    path: str
    host: str = ""


# What a text of each type of the route tree looks like; what is not here only is not empty.
_LOOKS = {
    "int": r"0|[1-9][0-9]{0,18}",
    "float": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "slug": r"[A-Za-z0-9_-]+",
}


def explain(routes: Iterable[Route], asked: Asked, answers: Route | None) -> list[tuple[Route, str]]:
    """Say of each route that comes near why it does not answer.

    Args:    routes: all of them; asked: the request; answers: the route that does, None when there is none.
    Returns: routes with a sentence each, in order of declaration; those of quite another path are left out.
    """
    return [
        (route, reason)
        for route in routes
        if route is not answers and (reason := find_reason(route, asked, answers)) is not None
    ]


def find_reason(route: Route, asked: Asked, answers: Route | None) -> str | None:
    """Why one route does not answer; None when its path is quite another."""
    misfit = min((_find_misfit(variant, asked.path) for variant in route.variants), key=_weight)
    if misfit is None:
        return None
    if misfit:
        return misfit
    methods = {route.method, "HEAD"} if route.method == "GET" else {route.method}
    if route.kind not in ("fallback", "mount") and asked.method not in methods:
        return f"answers {route.verb}, not {asked.method}"
    if route.pattern.host and not _fits_host(route.pattern.host, asked.host):
        return f"is for the host {route.pattern.host_text}, not {asked.host or 'any'}"
    if route.demands.when and (answers is None or answers.shape[0] != route.shape[0]):
        return "its function when= refuses the request"
    if answers is None:
        return "a converter refuses the value"
    if route.demands.when:
        return "its function when= refuses the request, or another that was declared before it takes it"
    return "fits as well, and what answers is more specific"


def _weight(misfit: str | None) -> int:
    return 2 if misfit is None else int(bool(misfit))


def _find_misfit(route: Route, path: str) -> str | None:
    """ "" when the path fits, a sentence when one segment does not, None when more don't."""
    texts, segments = path.lstrip("/").split("/"), list(route.pattern.segments)
    last = segments[-1][0]
    if isinstance(last, PathParameter) and last.converter.native in ("path", "rest"):
        count = len(segments) - 1
        if last.converter.native == "path" and not any(texts[count:]):
            return None
        texts, segments = texts[:count], segments[:count]
    if len(texts) != len(segments):
        return None
    misfits = [
        _describe(segment, text)
        for segment, text in zip(segments, texts, strict=True)
        if not re.fullmatch(_regex(segment), unquote(text))
    ]
    if not misfits:
        return ""
    has_fixed = any(isinstance(part, str) for segment in segments for part in segment)
    return misfits[0] if len(misfits) == 1 and misfits[0] and (has_fixed or len(segments) == 1) else None


def _describe(segment: Parts, text: str) -> str:
    """Why a segment does not fit; "" for a fixed text, which is another path and nothing to explain."""
    parameters = [part for part in segment if isinstance(part, PathParameter)]
    if not parameters or not text:
        return ""
    shown = "".join(str(part) for part in segment)
    demands = [f"{part.name} must match {part.demanded}" for part in parameters if part.demanded]
    return f"{unquote(text)!r} does not fit {shown}{': ' if demands else ''}{', '.join(demands)}"


def _fits_host(host: Sequence[Parts], asked: str) -> bool:
    labels = asked.lower().rstrip(".").split(".")
    fits = (re.fullmatch(_regex(part), label) for part, label in zip(host, labels, strict=False))
    return len(labels) == len(host) and all(fits)


def _regex(segment: Parts) -> str:
    return "".join(re.escape(part) if isinstance(part, str) else _parameter_regex(part) for part in segment)


def _parameter_regex(parameter: PathParameter) -> str:
    converter = parameter.converter
    if converter.choices:
        return f"(?:{'|'.join(map(re.escape, converter.choices))})"
    looks = _LOOKS.get(converter.native, ".+")
    demanded = f"(?=(?:{parameter.demanded})(?:$|[^\\w]))" if parameter.demanded and looks != ".+" else ""
    return f"{demanded}(?:{parameter.demanded or looks})" if looks == ".+" else f"{demanded}(?:{looks})"


def fits(route: Route, segments: Sequence[str | None]) -> bool:
    """Whether a route has a path, of which some segments are not known.

    Args:    segments: of the path, without the slashes; None for one that may be any text.
    """
    return any(_fits_segments(variant, segments) for variant in route.variants)


def _fits_segments(route: Route, texts: Sequence[str | None]) -> bool:
    segments = list(route.pattern.segments)
    last = segments[-1][0] if segments[-1] else ""
    if isinstance(last, PathParameter) and last.converter.native in ("path", "rest"):
        segments = segments[:-1]
        texts = texts[: len(segments)] if len(texts) >= len(segments) else ()
    return len(texts) == len(segments) and all(
        text is None or re.fullmatch(_regex(segment), unquote(text))
        for segment, text in zip(segments, texts, strict=True)
    )
