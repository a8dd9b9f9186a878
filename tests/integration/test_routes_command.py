"""`spica routes` with each of its options, as a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processes import run_command

APP = r"""
from spica import App, Request

app = App(url="https://example.com")


def answer() -> str:
    return ""


def is_beta(request: Request) -> bool:
    return False


app.get("/posts", name="posts")(answer)
app.post("/posts")(answer)
app.get("/posts/{id:int}", name="post")(lambda id: str(id))
app.get("/posts/{slug}", where={"slug": "[a-z]+"}, name="by_slug")(lambda slug: slug)
app.get("/posts/new", when=is_beta, name="beta")(answer)
app.get("/admin", host="admin.example.com", name="admin")(answer)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def names(folder: Path, *arguments: str) -> list[str]:
    return [row["pattern"] for row in json.loads(run_command("routes", "--json", *arguments, cwd=folder).stdout)]


def test_json_has_every_route(folder: Path) -> None:
    assert names(folder) == ["/posts", "/posts", "/posts/{id:int}", "/posts/{slug}", "/posts/new", "/admin"]


def test_text_and_grep_choose(folder: Path) -> None:
    assert names(folder, "admin.example") == names(folder, "--grep", "admin.example") == ["/admin"]
    assert names(folder, "nothing") == []


def test_method_chooses(folder: Path) -> None:
    assert names(folder, "--method", "post") == ["/posts"]


def test_controller_chooses(tmp_path: Path) -> None:
    run_command("new", "blog", cwd=tmp_path)
    blog = tmp_path / "blog"
    run_command("g", "controller", "Pages", "about", cwd=blog)
    assert names(blog, "--controller", "pages") == ["/pages/about"]
    refused = run_command("routes", "--controller", "page", cwd=blog, check=False)
    assert refused.returncode == 2
    assert "did you mean pages?" in refused.stderr


@pytest.mark.parametrize(
    ("asked", "code", "lines"),
    [
        ("GET /posts/7", 0, ["is answered by", "{'id': "]),
        ("/posts/abc", 0, ["{'slug': 'abc'}"]),
        ("GET /posts/ABC", 1, ["no route has this path: 404", "/posts/{slug}"]),
        ("GET /posts/new", 0, ["{'slug': 'new'}", "its function when= refuses the request"]),
        ("PUT /posts", 1, ["another method: 405, Allow: GET, HEAD, OPTIONS, POST", "answers GET, not PUT"]),
        ("OPTIONS /posts", 1, ["OPTIONS is answered with Allow: GET, HEAD, OPTIONS, POST"]),
        ("GET https://admin.example.com/admin", 0, ["on admin.example.com", "is answered by"]),
        ("GET https://ADMIN.example.com:8443/admin?x=1", 0, ["is answered by"]),
        ("GET /admin", 1, ["is for the host admin.example.com, not any"]),
    ],
)
def test_match_says_which_answers_and_why_others_do_not(folder: Path, asked: str, code: int, lines: list[str]) -> None:
    done = run_command("routes", "--match", asked, cwd=folder, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    for line in lines:
        assert line in done.stdout


def test_a_socket_has_the_topics_of_its_channels(tmp_path: Path) -> None:
    run_command("new", "blog", cwd=tmp_path)
    blog = tmp_path / "blog"
    done = run_command("g", "channel", "Chat", cwd=blog)
    assert "update  app/paths.pyi" in done.stdout
    assert "    def socket(self, **query: Any) -> str: ..." in (blog / "app/paths.pyi").read_text()
    listed = json.loads(run_command("routes", "--json", cwd=blog).stdout)
    assert [(row["method"], row["name"], row["pattern"], row["target"], row["topics"]) for row in listed] == [
        ("GET", "root", "/", "home#index", []),
        ("SOCKET", "socket", "/socket", "UserSocket", ["chat:{chat_id}"]),
    ]
    assert names(blog, "--method", "socket") == ["/socket"]
    for path in ("/socket", "/socket/websocket", "SOCKET /socket"):
        explained = run_command("routes", "--match", path, cwd=blog).stdout
        assert "  topic  chat:{chat_id}  ChatChannel  app/channels/chat_channel.py:4\n" in explained
    assert "topic" not in run_command("routes", "--match", "/", cwd=blog).stdout
    assert "topic" not in run_command("routes", cwd=blog).stdout, "the table leaves them to JSON"
    assert "/socket" not in run_command("openapi", cwd=blog).stdout


def test_match_needs_a_path(folder: Path) -> None:
    done = run_command("routes", "--match", "GET posts", cwd=folder, check=False)
    assert done.returncode == 2
    assert '--match takes a method and a path, such as "GET /posts/7", not "GET posts"' in done.stderr


def test_a_stub_needs_a_project(folder: Path) -> None:
    done = run_command("routes", "--stub", cwd=folder, check=False)
    assert done.returncode == 2
    assert "this application has no folder" in done.stderr
