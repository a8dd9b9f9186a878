"""htmx: `hx-get`, `hx-post` … that no route answers, and `hx-target` of an id that no page has.

Rules: an address is compared as far as it is written out; a value in it may be any text. `{{ paths.post(post) }}` is
the route of that name. Ids are those of all templates, of the application's Python, and what form helpers make.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from spica.app.application import App
from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.template_markup import VALUE, Attribute, expressions, read_attributes
from spica.errors.base import closest
from spica.routing.explain import fits
from spica.routing.route import Route
from spica.templates.errors import TemplateError
from spica.templates.library import Library
from spica.templates.loader import Loader
from spica.templates.nodes import Document

_VERBS = {f"hx-{verb}": verb.upper() for verb in ("get", "post", "put", "patch", "delete")}
_ID = re.compile(rf"#((?:[\w-]|{VALUE})+)")
_ID_IN_PYTHON = re.compile(r"""\bid=\\?["']([\w-]+)""")
_PUBLIC = "public"


def find(project: Project) -> Iterator[Found]:
    """Compare the htmx attributes of every template with the routes and with the ids of all templates."""
    app = project.loaded
    if not isinstance(app, App):
        return
    loader = Loader(project.templates.roots, project.templates.components)
    documents = list(_documents(Library(loader), [*loader.names(), *loader.component_names()]))
    attributes = [(document, one) for document in documents for one in read_attributes(document)]
    ids = [one.text for _, one in attributes if one.name == "id" and one.text.strip()]
    for python in project.python_files:
        ids += _ID_IN_PYTHON.findall(python.text)
    routes = [route for route in app.routes if route.kind != "fallback"]
    fields = {name for document in documents for name in _form_fields(document)}
    for document, one in attributes:
        name = one.name.removeprefix("data-")
        file = project.relative(document.source.path)
        if name in _VERBS:
            yield from _check_address(project, routes, file, one, _VERBS[name])
        elif name == "hx-target":
            yield from _check_target(file, one, ids, fields)


def _documents(library: Library, names: Sequence[str]) -> Iterator[Document]:
    for name in names:
        try:
            yield library.document(name)
        except TemplateError:
            continue  # the check of templates tells it


def _check_address(project: Project, routes: list[Route], file: str, one: Attribute, verb: str) -> Iterator[Found]:
    text = one.text.strip()
    path = re.split(r"[?#]", text)[0]
    if text == VALUE:
        helper = _path_helper(one.values[0])
        named = [route for route in routes if helper and route.name == helper]
        if not named:  # another value, or a helper that the check of boot knows more about
            return
        near = [route for route in routes if route.pattern.shape == named[0].pattern.shape]
        shown = f"paths.{helper}"
    else:
        if not path.startswith("/") or path.startswith("//"):
            return
        near = [route for route in routes if fits(route, _segments(path))]
        shown = text.replace(VALUE, "{…}")
        if (project.root / _PUBLIC / path.lstrip("/")).is_file():
            return
    if any(_answers(route, verb) for route in near):
        return
    what = f"{one.name}={shown!r}: no route answers {verb} {shown}"
    why = "htmx would get a 404, and the page would stay as it is"
    if near:
        verbs = ", ".join(sorted({route.verb for route in near}))
        why = f"{near[0].pattern} answers {verbs}: htmx would get a 405, and the page would stay as it is"
        known = [name for name, other in _VERBS.items() if any(_answers(route, other) for route in near)]
        yield Found(file, one.line, what, why, f"did you mean {' or '.join(known)}?" if known else "add such a route")
        return
    patterns = {str(route.pattern): route for route in routes if _answers(route, verb)}
    close = closest(path.replace(VALUE, "{id}"), patterns)
    fix = (
        f"did you mean {' or '.join(close)}?"
        if close
        else f"add a route: r.{verb.lower()}({path.replace(VALUE, '{id}')!r}, …)"
    )
    yield Found(file, one.line, what, why, fix)


def _answers(route: Route, verb: str) -> bool:
    return route.kind == "mount" or (route.kind == "http" and route.method == verb)


def _segments(path: str) -> list[str | None]:
    """The segments of a path, None for one that has a value in it."""
    return [None if VALUE in segment else segment for segment in path.lstrip("/").split("/")]


def _path_helper(value: ast.expr) -> str:
    """`post` of `paths.post(…)`; "" for anything else."""
    function = value.func if isinstance(value, ast.Call) else value
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id in ("paths", "urls") else ""
    return ""


def _check_target(file: str, one: Attribute, ids: list[str], fields: set[str]) -> Iterator[Found]:
    for match in _ID.finditer(one.text):
        sample = match[1].replace(VALUE, "0")
        if any(re.fullmatch(re.escape(known).replace(VALUE, ".+"), sample) for known in ids):
            continue
        if any(sample == field or sample.endswith(f"_{field}") for field in fields):
            continue
        near = closest(sample, [known for known in ids if VALUE not in known])
        shown = match[1].replace(VALUE, "{…}")
        yield Found(
            file,
            one.line,
            f"hx-target: no page has the id {shown!r}",
            "htmx would tell the console that there is no such target, and do nothing",
            f"did you mean {' or '.join(f'#{name}' for name in near)}?" if near else f'give an element id="{shown}"',
        )


def _form_fields(document: Document) -> Iterator[str]:
    """The names that are given to form helpers, whose inputs have them in their ids."""
    for expression in expressions(document.body):
        for call in ast.walk(expression):
            if isinstance(call, ast.Call) and call.args and isinstance(call.func, ast.Attribute):
                first = call.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.isidentifier():
                    yield first.value
