"""The error page of development: what went wrong, in which line, with which values, in which request.

Rules of this file:
- Self-contained: one style sheet, no script, no image; its own Content-Security-Policy allows nothing else.
- Everything from outside is escaped, and every value passes the redaction.
- Never shown in production: `error_pages.py` is for that.
"""

from __future__ import annotations

from collections.abc import Iterable

from spica._core import escape
from spica.app.page_policy import build_policy
from spica.app.traces import TraceFrame, list_causes, read_frames, render_text
from spica.db.observed import MOST_REPEATS, Scope, Statement, current_scope
from spica.errors import SpicaError
from spica.errors.foreign_names import notes_of
from spica.http.request import Request
from spica.http.response import Response
from spica.telemetry.redaction import HIDDEN, describe, is_secret

STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --dim: #667085; --paper: #fff; --soft: #f4f5f8; --line: #d9dce3;
  --hit: #fde8e8; --mark: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ee; --dim: #98a0b0; --paper: #14171f; --soft: #1d212c;
  --line: #323846; --hit: #4a1f22; --mark: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { margin: 0; font-size: 1.05rem; color: var(--mark); }
h2 { margin: 2.25rem 0 .75rem; font-size: 1rem; }
.message { margin: .25rem 0 0; font-size: 1.5rem; font-weight: 600; white-space: pre-wrap; overflow-wrap: anywhere; }
.dim { color: var(--dim); }
dl.parts { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1rem 0 0; }
dt { color: var(--dim); } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; overflow: hidden; }
summary { padding: .5rem .75rem; cursor: pointer; background: var(--soft); overflow-wrap: anywhere; }
pre, code, textarea, td { font: 13px/1.6 ui-monospace, monospace; }
pre { margin: 0; padding: .5rem 0; overflow-x: auto; }
pre span { display: block; padding: 0 .75rem; } pre span.hit { background: var(--hit); }
pre i { display: inline-block; width: 3.5em; color: var(--dim); font-style: normal; user-select: none; }
table { width: 100%; border-collapse: collapse; }
td { padding: .25rem .75rem; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td:first-child { width: 14rem; color: var(--dim); }
textarea { width: 100%; height: 14rem; padding: .75rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--soft); color: inherit; }
"""


def build_debug_page(request: Request, error: BaseException, *, status: int = 500, trace_id: str = "") -> Response:
    """Answer with the page about an exception.

    Args:    request: during which it was raised; error: it; status: of the response; trace_id: "" for none.
    """
    causes = list_causes(error)
    sections = [
        _render_heading(error),
        *(_render_frames(cause, "Where" if cause is error else f"Caused by {_title(cause)}") for cause in causes),
        _render_queries(current_scope()),
        _render_request(request, trace_id),
        _render_copy(request, error),
    ]
    return _page(_title(error), "".join(sections), status)


def build_miss_page(request: Request, status: int, routes: Iterable[tuple[str, str, str]], near: list[str]) -> Response:
    """Answer with the page about a path that no route answers.

    Args:    routes: (method, pattern, target) of every route; near: patterns that look like the path.
    """
    what = f"{request.method} {request.path}"
    hint = f"Did you mean {' or '.join(near)}?" if near else "These are the routes there are."
    rows = "".join(_row(f"{method} {pattern}", target) for method, pattern, target in routes)
    heading = "No route answers this path" if status == 404 else "The path exists, but not with this method"
    body = (
        f'<h1>{status}</h1><p class="message">{escape(heading)}</p><p><code>{escape(what)}</code></p>'
        f"<p>{escape(hint)}</p><h2>Routes</h2><details open><summary>by method and pattern</summary>"
        f"<table>{rows}</table></details>{_render_request(request, '')}"
    )
    return _page(f"{status} {what}", body, status)


def _page(title: str, body: str, status: int) -> Response:
    response = Response.html(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>",
        status=status,
    )
    response.set_header("content-security-policy", build_policy(STYLE))
    response.set_header("cache-control", "no-store")
    return response


def _title(error: BaseException) -> str:
    return f"{type(error).__name__}: {_message(error)}"


def _message(error: BaseException) -> str:
    return error.what if isinstance(error, SpicaError) else str(error)


def _render_heading(error: BaseException) -> str:
    parts = ""
    if isinstance(error, SpicaError):
        named = (("code", error.code), ("where", error.where), ("why", error.why), ("fix", error.fix))
        rows = "".join(f"<dt>{label}</dt><dd>{escape(text)}</dd>" for label, text in named if text)
        parts = f'<dl class="parts">{rows}</dl>'
    elif notes := notes_of(error):
        parts = f'<dl class="parts"><dt>note</dt><dd>{escape(chr(10).join(notes))}</dd></dl>'
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f'<h1>{escape(name)}</h1><p class="message">{escape(_message(error))}</p>{parts}'


def _render_frames(error: BaseException, heading: str) -> str:
    frames = read_frames(error)
    if not frames:
        return ""
    opened = next((index for index, frame in enumerate(frames) if frame.is_own), 0)
    items = "".join(_render_frame(frame, is_open=index == opened) for index, frame in enumerate(frames))
    return f"<h2>{escape(heading)}</h2>{items}"


def _render_frame(frame: TraceFrame, *, is_open: bool) -> str:
    source = "".join(
        f"<span{' class=hit' if number == frame.line else ''}><i>{number}</i>{escape(text)}</span>"
        for number, text in frame.lines
    )
    names = "".join(_row(name, value) for name, value in frame.locals)
    place = f"{frame.file}:{frame.line}"
    dim = "" if frame.is_own else ' class="dim"'
    return (
        f"<details{' open' if is_open else ''}><summary{dim}><code>{escape(place)}</code> in "
        f"<code>{escape(frame.function)}</code></summary><pre>{source}</pre><table>{names}</table></details>"
    )


def _render_queries(scope: Scope | None) -> str:
    """The statements that the request ran; a line that ran one too often is marked."""
    if scope is None or not scope.statements:
        return ""
    total = sum(one.seconds for one in scope.statements) * 1000
    rows = "".join(
        _row(f"{one.seconds * 1000:.2f} ms  {one.place}", one.sql + ("  (N+1)" if _is_repeated(scope, one) else ""))
        for one in scope.statements
    )
    number = len(scope.statements)
    return (
        f"<h2>Queries</h2><details><summary>{number} {'query' if number == 1 else 'queries'}, {total:.2f} ms</summary>"
        f"<table>{rows}</table></details>"
    )


def _is_repeated(scope: Scope, one: Statement) -> bool:
    return scope.times[one.sql, one.place.file, one.place.line] > MOST_REPEATS


def _render_request(request: Request, trace_id: str) -> str:
    rows = [("method", request.method), ("path", request.path), ("client", request.client_ip)]
    if trace_id:
        rows.append(("trace id", trace_id))
    rows += [(name, HIDDEN if is_secret(name) else value) for name, value in request.native.fields]
    rows += [(f"query {name}", describe(name, value)) for name, value in request.query.items()]
    table = "".join(_row(name, value) for name, value in rows)
    summary = f"{escape(request.method)} {escape(request.path)}"
    return f"<h2>Request</h2><details open><summary>{summary}</summary><table>{table}</table></details>"


def _render_copy(request: Request, error: BaseException) -> str:
    text = f"{request.method} {request.path}\n\n{render_text(error)}"
    return f'<h2>As text, to copy</h2><textarea readonly aria-label="traceback">{escape(text)}</textarea>'


def _row(name: str, value: str) -> str:
    return f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>"
