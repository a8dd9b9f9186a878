"""The in-process entry: a request through `core.begin` and `core.finish`, as every server and client takes it."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from spica._core import Request as NativeRequest
from spica.app.application import App
from spica.http.request import Request
from tests.modules import forget_app

FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    """What went out."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes | str

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else self.body.decode()

    def json(self) -> Any:
        return json.loads(self.text)

    def field(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key == name), None)

    def cookies(self) -> str:
        return "; ".join(value.partition(";")[0] for name, value in self.fields if name == "set-cookie")


Exchange = Callable[..., Awaitable[Answer]]


async def run_request(
    app: App,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: object = None,
    content: bytes = b"",
) -> Answer:
    fields = {"host": "test.host", **(headers or {})}
    if form is not None:
        content, fields["content-type"] = urlencode(form).encode(), FORM
    if body is not None:
        content, fields["content-type"] = json.dumps(body).encode(), "application/json"
    native = NativeRequest.build(method, target, list(fields.items()), content)
    try:
        value = app.core.begin(native)
        value = await value if inspect.iscoroutine(value) else value
    except Exception as error:
        value = app.failures.answer(Request(native), error)
    status, pairs, sent = app.core.finish(native, value)
    return Answer(status, [(name.decode(), text.decode("latin-1")) for name, text in pairs], sent)


@pytest.fixture
def exchange() -> Exchange:
    return run_request


PROJECT = {
    "app/__init__.py": "",
    "config/routes.py": """
def draw(r):
    r.root("home#index")
    r.resources("posts")
    with r.namespace("api", version="v1", pipe="api"):
        r.resources("posts", only=["index"])
""",
    "app/controllers/home_controller.py": """
from spica import Controller

class HomeController(Controller):
    def index(self):
        self.greeting = "Hello"
""",
    "app/controllers/posts_controller.py": """
from spica import Controller, NotFound, before, paths

POSTS = {1: "First"}

class PostsController(Controller):
    @before(only=["show", "edit", "update", "destroy"])
    async def load(self, id: int):
        if id not in POSTS:
            raise NotFound("no such post")
        self.title = POSTS[id]

    async def index(self, page: int = 1):
        return self.render("index", posts=list(POSTS.values()), page=page)

    def new(self):
        return self.render("new", title="")

    async def show(self):
        return self.render("show")

    def edit(self):
        return self.render("new")

    async def create(self):
        title = self.params.require("post").permit("title").get("title", "")
        if not title:
            return self.render("new", title=title, status=422)
        POSTS[max(POSTS, default=0) + 1] = title
        return self.redirect_to(paths.posts(), notice="Created <b>")

    def update(self, id: int):
        POSTS[id] = self.params.require("post").permit("title")["title"]
        self.redirect_to(paths.post(id))

    def destroy(self, id: int):
        del POSTS[id]
        self.redirect_to(paths.posts())
""",
    "app/controllers/api/v1/posts_controller.py": """
from spica import Controller

class PostsController(Controller):
    def index(self):
        return {"posts": []}
""",
    "app/views/layout.html": "{{ csrf_meta() }}{% for kind, text in flash.items() %}[{{ kind }}: {{ text }}]{% end %}"
    "{% block content %}{% end %}",
    "app/views/home/index.html": '{% extends "layout" %}{% block content %}<p>{{ greeting }}</p>'
    '{{ link_to("Posts", paths.posts(), class_="x") }}{% end %}',
    "app/views/posts/index.html": '{% extends "layout" %}{% block content %}{% for post in posts %}<li>{{ post }}</li>'
    "{% end %}page {{ page }}{% end %}",
    "app/views/posts/show.html": "<h1>{{ title }}</h1>",
    "app/views/posts/new.html": '<form method="post">{{ csrf_field() }}{{ method_field("patch") }}{{ title }}</form>',
    "public/robots.txt": "User-agent: *\n",
    "public/docs/index.html": "<h1>docs</h1>",
}


@pytest.fixture
def project(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A small project's folder; its modules are forgotten again afterwards."""
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    forget_app()
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    forget_app()
