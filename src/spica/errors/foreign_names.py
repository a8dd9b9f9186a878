"""Names that people look for because another framework has them, or because they are in another module here.

Rules: only read once something has failed. Objects are known by the names of their classes, so nothing is imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_OF_THE_ORM = ("Model", "Timestamps", "Text", "Password", "field", "belongs_to", "has_many", "has_one", "many_to_many")

OF_THE_PACKAGE: Mapping[str, str] = {
    **{name: f"from spica.orm import {name}" for name in (*_OF_THE_ORM, "validates", "scope", "repo", "transaction")},
    **{name: f"from spica.testing import {name}" for name in ("Factory", "running_client", "assert_queries", "Clock")},
    "Routes": "from spica.routing import Routes",
    "converter": "from spica.routing import converter",
    "Migration": "from spica.migrations import Migration",
    "Section": "from spica.config import Section",
    "Secret": "from spica.config import Secret",
    "Database": "from spica.db import Database",
    "Safe": "from spica.templates import Safe",
    "Params": "from spica.http.params import Params",
    "Flash": "from spica.middleware.flash import Flash",
    "Depends": "from spica import Provide, and write db: Annotated[Database, Provide(get_database)]",
    "HTTPException": "from spica import NotFound and its kin, and raise NotFound('no such post')",
    "Http404": "from spica import NotFound, and raise NotFound('no such post')",
    "FastAPI": "from spica import App",
    "Flask": "from spica import App",
    "APIRouter": "from spica import Router, and app.mount('/users', router)",
    "Blueprint": "from spica import Router, and app.mount('/users', router)",
    "JSONResponse": "from spica import Response, and return the value itself or Response.json(value, status=201)",
    "JsonResponse": "from spica import Response, and return the value itself or Response.json(value, status=201)",
    "HTMLResponse": "from spica import Response, and return Response.html(text)",
    "PlainTextResponse": "return a str",
    "RedirectResponse": "from spica import Response, and return Response.redirect('/posts')",
    "StreamingResponse": "write a generator, or Response.stream(generator)",
    "FileResponse": "from spica import Response, and return Response.file(path)",
    "jsonify": "return the value itself",
    "redirect": "ctx.redirect_to('/posts') or Response.redirect('/posts')",
    "render": "a controller's self.render('index', posts=posts)",
    "render_template": "a controller's self.render('index', posts=posts)",
    "url_for": "from spica import paths, and write paths.post(post)",
    "BaseModel": "msgspec.Struct; models of pydantic work as well: from pydantic import BaseModel",
    "TestClient": "from spica.testing import running_client, or the fixture client",
}
"""What `from spica import X` could have meant."""

OF_APP: Mapping[str, str] = {
    "include_router": "app.mount('/users', router)",
    "register_blueprint": "app.mount('/users', router)",
    "add_middleware": "app.use(m.Cors(origins=[...])), with from spica import middleware as m; "
    "ASGI middleware of others: app.use(m.Asgi(TheirMiddleware, option=...))",
    "route": "app.get(pattern), app.post(pattern), or app.match(['GET', 'POST'], pattern)",
    "api_route": "app.match(['GET', 'POST'], pattern)",
    "add_api_route": "app.get(pattern)(function)",
    "add_url_rule": "app.get(pattern)(function)",
    "websocket": "app.ws(pattern)",
    "exception_handler": "app.rescue(ValueError), on a function of (request, error)",
    "add_exception_handler": "app.rescue(ValueError, 422)",
    "errorhandler": "app.rescue(ValueError), on a function of (request, error)",
    "on_event": "app.on_startup or app.on_shutdown, without parentheses",
    "before_request": "app.use(function), with a function of (ctx)",
    "after_request": "app.use(function), with a function of (ctx, response)",
    "dependency_overrides": "with app.override(get_database, fake):",
    "test_client": "async with spica.testing.running_client(app) as client:",
    "static": "files in public/ are served as they are; a built application: app.spa(prefix, folder)",
    "state": "a provider: app.provide(Database, get_database), and db: Database in a signature",
}
_OF_REQUEST: Mapping[str, str] = {
    **dict.fromkeys(("GET", "args", "query_params"), "a parameter of the handler (q: str = ''), or request.query"),
    **dict.fromkeys(
        ("POST", "data", "form_data"), "a parameter of the handler (name: Annotated[str, Form()]), or request.form()"
    ),
    **dict.fromkeys(("FILES", "files"), "a parameter of the handler: photo: UploadFile"),
    **dict.fromkeys(("META", "environ"), "request.headers['user-agent']"),
    **dict.fromkeys(("client", "remote_addr", "remote_ip"), "request.client_ip"),
    **dict.fromkeys(("path_params", "view_args"), "a parameter of the handler with the name of the pattern's"),
    **dict.fromkeys(("params", "values"), "ctx.params"),
    **dict.fromkeys(("state", "g"), "ctx.set(name, value) and ctx.get(name)"),
    "COOKIES": "request.cookies",
    "body": "request.content, which is there already: no call, no await",
    "get_json": "request.json()",
    "user": "ctx.current_user",
    "session": "ctx.session, or a parameter session: Session",
    "flash": "ctx.flash",
    "app": "the application of your module, or a provider",
    "url_for": "from spica import paths, and paths.post(post)",
    "get_full_path": "request.target",
    "build_absolute_uri": "from spica import urls, and urls.post(post)",
    "is_ajax": "ctx.is_htmx",
}
_OF: Mapping[str, Mapping[str, str]] = {
    "Request": _OF_REQUEST,
    "Context": {
        **{
            name: fix.replace("request.", "ctx.request.")
            for name, fix in _OF_REQUEST.items()
            if not fix.startswith("ctx.")
        },
        **{name: f"ctx.request.{name}" for name in ("headers", "method", "path", "query", "host", "url", "content")},
        "user": "ctx.current_user",
        "abort": "raise NotFound('no such post')",
        "redirect": "ctx.redirect_to('/posts')",
        "render_template": "a controller's self.render('index', posts=posts)",
    },
    "Response": {
        "headers": "response.set_header(name, value), .with_header(name, value), .header(name)",
        "with_headers": "response.with_header(name, value), once for each",
        "status_code": "response.status",
        "content": "response.body",
        "data": "response.body",
        "media_type": "response.header('content-type')",
    },
    "WebSocket": {
        **dict.fromkeys(("receive_text", "receive_bytes"), "await socket.receive(), which gives str or bytes"),
        **dict.fromkeys(("send_text", "send_bytes"), "await socket.send(message), a str or bytes"),
        **dict.fromkeys(("iter_text", "iter_bytes", "iter_json"), "async for message in socket"),
        "query_params": "socket.query, or a parameter of the handler",
        "path_params": "a parameter of the handler with the name of the pattern's",
    },
    "UploadFile": {"name": "file.filename, which is what the client says", "chunks": "async for block in file"},
    "Routes": {
        "route": 'r.get(pattern, "posts#index"), or r.match(["GET", "POST"], pattern, "posts#index")',
        "add_route": 'r.get(pattern, "posts#index")',
        "path": 'r.get(pattern, "posts#index")',
        "include": "r.scope(prefix), or r.mount(prefix, router)",
        "include_router": "r.mount(prefix, router)",
        "websocket": 'r.ws(pattern, "echo#stream")',
        "live": 'r.get(pattern, "posts#index"), with htmx or channels in the page',
        "pipe_through": 'r.scope(prefix, pipe="browser")',
        "before": "p.use(...) in config/middleware.py",
    },
    "Pipelines": {
        **dict.fromkeys(("add", "add_middleware", "plug", "append", "insert"), "p.use(m.Session, m.Csrf)"),
        "pipe_through": 'a route\'s pipe="api", in config/routes.py',
    },
    "ClientResponse": {
        "status_code": "response.status, or response.expect_status(200)",
        "body": "response.content, response.text",
        "data": "response.content, response.text",
        "is_success": "response.expect_ok()",
        "cookies": "response.expect_cookie(name, value)",
    },
}
_AWAIT = "an await is missing: what you have is the call that has not run yet"
_TYPE_ERRORS = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (r"'coroutine'", _AWAIT),
        (r"can't be used in 'await' expression", "leave out await: it is the value already"),
        (r"Response\S*\(\) got an unexpected keyword argument 'status_code'", "it is called status"),
        (r"Response\S*\(\) got an unexpected keyword argument 'headers'", "Response(...).with_header(name, value)"),
        (r"Response\S*\(\) got an unexpected keyword argument 'media_type'", "it is called content_type"),
        (r"Response\S*\(\) got an unexpected keyword argument 'content'", "the content stands first: Response('text')"),
        (
            r"is not an instance of 'bytes'",
            "Response(...) takes str or bytes; Response.json(value), or return the value itself",
        ),
        (
            r"HttpError.__init__\(\) takes from 1 to 2",
            "raise NotFound('no such post') or its kin; HttpError('why', status=418)",
        ),
        (r"'Flash' object is not callable", "ctx.flash['notice'] = 'Saved'"),
        (r"Router.__init__\(\) got an unexpected keyword argument 'prefix'", "app.mount('/users', router)"),
        (r"on_(startup|shutdown)\(\) missing 1 required", r"@app.on_\1, without parentheses"),
        (r"Cors.__init__\(\) got an unexpected keyword argument 'allow_(\w+)'", r"it is called \1"),
        (r"Basic.__init__\(\) takes 2 positional", "m.Basic({'admin': 's3cret'}), or a function of name and password"),
        (r"Jwt.__init__\(\) missing .*'algorithms'", "m.Jwt(secret, algorithms=['HS256'])"),
        (
            r"App.__init__\(\) got an unexpected keyword argument '(title|version|description)'",
            r"app.describe_api(\1=...)",
        ),
        (
            r"App.__init__\(\) got an unexpected keyword argument 'debug'",
            "SPICA_ENV=development, or App(env='development')",
        ),
    )
)
_EXCEPTIONS = {
    ("fastapi", "HTTPException"): "raise NotFound('no such post') or its kin, from spica",
    ("starlette", "HTTPException"): "raise NotFound('no such post') or its kin, from spica",
    ("django", "Http404"): "raise NotFound('no such post'), from spica",
    ("werkzeug", "NotFound"): "raise NotFound('no such post'), from spica",
}


def add_hint(error: BaseException) -> None:
    """Note on an exception what was meant, so that its traceback ends with that."""
    hint = find_hint(error)
    if hint and f"fix: {hint}" not in notes_of(error):
        error.add_note(f"fix: {hint}")


def notes_of(error: BaseException) -> list[str]:
    """The notes of an exception, [] for none."""
    return list(getattr(error, "__notes__", ()))


def find_hint(error: BaseException) -> str:
    """Say what was meant by a name, or a call, of another framework.

    Args:    error: as it was raised.
    Returns: what to write, "" where nothing is known.
    """
    if isinstance(error, AttributeError) and error.obj is not None:
        return find_member(error.obj, error.name or "")
    if isinstance(error, TypeError):
        text = str(error)
        return next((found.expand(hint) for pattern, hint in _TYPE_ERRORS if (found := pattern.search(text))), "")
    kind = type(error)
    return next((hint for (library, name), hint in _EXCEPTIONS.items() if _is_a(kind, library, name)), "")


def find_member(owner: object, name: str) -> str:
    """Say what the attribute of another framework is called here; "" where nothing is known."""
    for kind in type(owner).__mro__:
        if kind.__name__ == "coroutine":
            return _AWAIT
        if kind.__module__.startswith("spica.") and name in _OF.get(kind.__name__, {}):
            return _OF[kind.__name__][name]
    return ""


def _is_a(kind: type, library: str, name: str) -> bool:
    return any(one.__name__ == name and one.__module__.partition(".")[0] == library for one in kind.__mro__)
