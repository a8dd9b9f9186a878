"""The examples of the public API run as they are written: `contract/*.txt`, word for word.

What a test leaves out of an example is named by `without`, with the reason; what an example takes for granted (imports,
a database, templates) is put around it. Nothing else is changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spica import App, Context, Controller, db
from spica.http.cookies import Cookies
from spica.http.htmx import Htmx
from spica.http.params import Params
from spica.orm import Model
from spica.orm.errors import ForbiddenAttributes
from spica.routing import Routes
from spica.routing.table import RouteTable
from tests.modules import forget_app
from tests.processes import run_command
from tests.requests import make_context, make_request
from tests.serving import open_client

CONTRACT = Path(__file__).parent / "contract"


class ContractPost(Model, table="posts_of_the_scope"):
    title: str = ""


def example(name: str, without: dict[str, str] | None = None) -> str:
    """An example's text; `without`: the lines that are left out, each with why."""
    text = (CONTRACT / f"{name}.txt").read_text()
    for line in without or {}:
        assert f"{line}\n" in text, f"{line!r} is no line of {name}.txt any more"
        text = text.replace(f"{line}\n", "", 1)
    return text


# One file

ONE_FILE = """
# What the example takes for granted: two markers, and a database of its reader's.
from spica import Cookie, Header, Provide

class Database(dict):
    pass

def get_db():
    return Database(users=1)

async def find_user(id):
    return User("Ada", "ada@example.com", id) if id == 7 else None
"""


@pytest.fixture
def one_file(monkeypatch: pytest.MonkeyPatch) -> App:
    module = ModuleType("one_file_of_the_contract")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    text = example("one_file")
    around = ONE_FILE + "\n" + text
    exec(compile(around, str(CONTRACT / "one_file.txt"), "exec"), module.__dict__)
    app = module.__dict__["app"]
    assert isinstance(app, App)
    return app


async def test_one_file(one_file: App) -> None:
    async with open_client(one_file) as client:
        hello = await client.get("/")
        hello.expect_status(200).expect_header("content-type", "text/plain; charset=utf-8").expect_text("Hello, World!")
        shown = await client.get("/users/7")
        shown.expect_json({"name": "Ada", "email": "ada@example.com", "id": 7})
        (await client.get("/users/8").accept("json")).expect_problem(404).expect_text("user not found")
        (await client.get("/users/x").accept("json")).expect_status(404)
        created = await client.post("/users", json={"name": "Ada", "email": "a@b"})
        created.expect_status(201)
        refused = await client.post("/users", json={"name": "A", "email": "nobody"})
        refused.expect_problem(422, field="name").expect_problem(422, field="email")
        (await client.post("/users", json={"name": "Ada", "email": "a@b"}).query(notify="maybe")).expect_problem(
            422, field="notify"
        )
        (await client.get("/search").query(q="x", limit=100).cookie("theme", "dark")).expect_ok()
        every = await client.get("/search").query(limit=101).accept("json")
        every.expect_problem(422, field="q").expect_problem(422, field="limit")


def test_one_file_describes_itself(one_file: App) -> None:
    show = one_file.openapi()["paths"]["/users/{id}"]["get"]
    assert (show["summary"], show["tags"]) == ("Get a user by id", ["Users"])
    search = one_file.openapi()["paths"]["/search"]["get"]["parameters"]
    assert [(one["name"], one["in"], one.get("required", False)) for one in search] == [
        ("q", "query", True),
        ("limit", "query", False),
        ("Accept-Language", "header", False),
        ("theme", "cookie", False),
    ]


# The routes file

USER_SOCKET = "from spica import Socket\n\n\nclass UserSocket(Socket):\n    pass\n"


def test_the_routes_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that it imports from is there; what the socket does: test_realtime.py."""
    channel = tmp_path / "app/channels/chat_channel.py"
    channel.parent.mkdir(parents=True)
    channel.write_text(USER_SOCKET)
    monkeypatch.syspath_prepend(str(tmp_path))
    forget_app()
    names: dict[str, Any] = {}
    exec(compile(example("routes"), str(CONTRACT / "routes.txt"), "exec"), names)
    forget_app()
    routes = Routes()
    names["draw"](routes)
    table = RouteTable(routes.routes, "https://example.com")
    assert table.mistakes == []
    assert len(list(table)) >= 40
    assert [(str(route.pattern), route.verb) for route in table if route.name == "socket"] == [("/socket", "SOCKET")]


# Pipelines and middleware

BEFORE_MIDDLEWARE = """
def verify_token(token):
    return {"name": "Ann"} if token == "good" else None

"""
BEFORE_REQUIRE_AUTH = """
from spica import paths
from spica.middleware import Middleware

"""


def test_the_middleware_file_and_the_middleware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block is two files, parted by the comment that names the second. What they do: test_middleware_file.py."""
    pipelines, middleware = example("middleware").split("# app/middleware/require_auth.py\n")
    files = {
        "config/middleware.py": BEFORE_MIDDLEWARE + pipelines,
        "config/routes.py": 'def draw(r):\n    r.get("/login", "home#login")\n',
        "config/app.toml": '[app]\nsecret_key = "a secret of enough characters 0123456789"\n',
        "app/__init__.py": "",
        "app/middleware/__init__.py": "",
        "app/middleware/require_auth.py": BEFORE_REQUIRE_AUTH + middleware,
        "app/controllers/home_controller.py": (
            "from app.middleware.require_auth import RequireAuth, Timing\nfrom spica import Controller\n"
            "class HomeController(Controller):\n"
            '    def index(self):\n        return self.text("home")\n'
            '    def login(self):\n        return self.text("login")\n'
        ),
    }
    app = build_project(tmp_path, monkeypatch, files)
    assert app.core is not None
    forget_app()


def build_project(root: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> App:
    forget_app()
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(str(root))
    return App(root, env="test")


# Controllers

BEFORE_CONTROLLER = """
from app.controllers.application_controller import ApplicationController
from app.models.post import Post
from spica import before, paths

"""
# The filter names them, and a filter that names an action that is not there stops the boot.
ELIDED = """
    async def edit(self): return self.text(self.post.title)
    async def update(self): return self.text(self.post.title)
    async def destroy(self): return self.text(self.post.title)
"""
CONTROLLER_FILES = {
    "config/app.toml": '[app]\nsecret_key = "a secret of enough characters 0123456789"\n',
    "config/database.toml": '[database]\nurl = "sqlite://:memory:"\n',
    "config/routes.py": 'def draw(r):\n    r.resources("posts", except_=["new"])\n',
    "app/__init__.py": "",
    "app/models/__init__.py": "",
    "app/models/post.py": """
from spica.orm import Model, Timestamps, field, scope, validates


class Post(Model, Timestamps, table="posts_of_the_contract"):
    title: str = ""
    body: str = ""
    tags: list[str] = field(default_factory=list)
    published: bool = True

    visible = scope(lambda q: q.where(published=True))
    recent = scope(lambda q: q.order("-created_at"))
    validates("title", presence=True)
""",
    "app/controllers/application_controller.py": (
        "from spica import Controller\n\n\nclass ApplicationController(Controller):\n    pass\n"
    ),
    "app/views/posts/index.html": "<ul>{% for post in posts %}<li>{{ post.title }}</li>{% end %}</ul>",
    "app/views/posts/show.html": "<h1>{{ post.title }}</h1>{{ flash.notice }}",
    "app/views/posts/new.html": '<form>{{ csrf_field() }}{{ error_messages(post, "title") }}</form>',
}
TABLE = (
    "create table posts_of_the_contract (id integer primary key, title text not null, body text not null,"
    " tags text not null, published boolean not null, created_at datetime not null, updated_at datetime not null)"
)


async def test_the_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    controller = {"app/controllers/posts_controller.py": BEFORE_CONTROLLER + example("controllers") + ELIDED}
    app = build_project(tmp_path, monkeypatch, CONTROLLER_FILES | controller)
    try:
        async with open_client(app) as client:
            await db.current().execute(TABLE)
            (await client.get("/posts/1")).expect_status(404)
            fields = {"title": "Hi", "body": "there", "tags": ["a", "b"], "admin": "1", "published": "false"}
            created = await client.post("/posts", form={"post": fields})
            shown = await created.expect_redirect("/posts/1").expect_flash("notice", "Created").follow()
            shown.expect_select("h1", text="Hi").expect_text("Created")
            kept = (await db.current().query("select * from posts_of_the_contract"))[0]
            assert (kept["tags"], bool(kept["published"])) in (('["a","b"]', True), ('["a", "b"]', True)), (
                "not permitted"
            )
            again = await client.get("/posts/1").header("if-none-match", shown.headers["etag"])
            assert (again.status, again.content) == (304, b"")
            refused = await client.post("/posts", form={"post": {"title": ""}})
            refused.expect_status(422).expect_text("can't be blank")
            (await client.post("/posts", form={"title": "no group"})).expect_status(400)
            (await client.get("/posts").query(page=1)).expect_select("li", text="Hi", count=1)
            (await client.get("/posts").accept("json")).expect_json_path("$.posts.items[0].title", "Hi")
            (await client.get("/posts").query(page="x")).expect_status(422)
            (await client.get("/posts/1/edit")).expect_text("Hi")
            (await client.get("/posts").header("hx-request", "true")).expect_select("li", text="Hi")
    finally:
        forget_app()


def test_what_is_in_scope_of_a_controller() -> None:
    text = example("in_scope_of_controllers")
    names = re.findall(r"`([a-z_]+)`", text.partition("They are")[0])
    assert len(names) >= 24
    known = {*dir(Controller), *dir(make_context(make_request()))}
    assert set(names) <= known
    assert "__getattr__" not in vars(Controller)
    assert "__getattr__" not in vars(Context)
    for group, methods in (("cookies", ("signed", "encrypted")), ("htmx", ("trigger", "redirect", "push_url"))):
        kind = {"cookies": Cookies, "htmx": Htmx}[group]
        assert all(method in dir(kind) for method in methods)
    with pytest.raises(ForbiddenAttributes):
        ContractPost(Params({"title": "Hi", "admin": "1"}))


# Tests

LATER = {
    "    jobs.assert_enqueued(SendWelcomeEmail, user_id=user.id)": "there is no queue of jobs yet, so no fixture `jobs`",
}
# The comment of its first line names the fixtures `jobs` and `mailbox`: those come with their subsystems.
# `t` is a token of whoever is signed in, as the page would have it.
BEFORE_TESTS = """
import pytest
from spica import tokens
from spica.testing import File, assert_queries
from tests.factories.user import UserFactory


@pytest.fixture(autouse=True)
def token_of_the_page(app):
    global t
    t = tokens.sign("socket", 1)


"""
CHANNEL = """
from spica import Channel, Socket, on, tokens


class RoomChannel(Channel, topic="room:{room_id:int}"):
    async def join(self, room_id: int):
        return {}

    @on("new_msg")
    async def new_msg(self, body: str):
        await self.broadcast("new_msg", {"body": body, "user": self.socket.user_id})


class UserSocket(Socket):
    channels = [RoomChannel]

    async def connect(self, token: str):
        self.user_id = tokens.verify("socket", token, max_age=86_400)
"""
API = """

from app.models.post import Post
from spica import Context, Unauthorized, UploadFile


@app.get("/api/v1/posts/{id:int}")
async def show_post_by_api(id: int, ctx: Context) -> Post:
    if ctx.request.headers.get("authorization") != "Bearer t":
        raise Unauthorized
    return await Post.find(id)


@app.post("/upload")
def upload(file: UploadFile) -> str:
    return file.filename
"""


def test_the_test(blog: Path) -> None:
    """Run in a project, as its users run it. `test.png` lies in its folder; a page of posts takes two queries."""
    run_command("g", "model", "User", "email:string", cwd=blog)
    (blog / "test.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    main = blog / "main.py"
    main.write_text(main.read_text() + API)
    (blog / "app/channels").mkdir()
    (blog / "app/channels/room_channel.py").write_text(CHANNEL)
    routes = blog / "config/routes.py"
    line = '    r.socket("/socket", UserSocket)\n'
    routes.write_text(f"from app.channels.room_channel import UserSocket\n{routes.read_text()}{line}")
    (blog / "tests" / "test_contract.py").write_text(BEFORE_TESTS + example("tests", LATER))
    done = run_command("test", "tests/test_contract.py", cwd=blog, check=False, PYTEST_XDIST_WORKER="")
    assert done.returncode == 0, done.stdout + done.stderr
