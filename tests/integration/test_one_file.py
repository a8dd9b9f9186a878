"""The one-file application of the README and the API's first example, under our server and under uvicorn."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.processes import ANNOUNCED, Browser, RunningServer, serving, started

APP = """
from typing import Annotated

import msgspec

from spica import App, Context, Cookie, Header, NotFound, Provide, Response

app = App()
events = []


class UserIn(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    email: Annotated[str, msgspec.Meta(pattern=r"^[^@]+@[^@]+$")]


class User(UserIn):
    id: int


async def get_db():
    events.append("open")
    yield {7: User(name="Ada", email="ada@example.com", id=7)}
    events.append("close")


@app.get("/")
def hello() -> str:
    return "Hello, World!"


@app.get("/users/{id:int}", summary="Get a user by id", tags=["Users"])
async def show_user(id: int, ctx: Context, db: Annotated[dict, Provide(get_db)]) -> User:
    ctx.log.info("fetching user", user_id=id)
    user = db.get(id)
    if user is None:
        raise NotFound("user not found")
    return user


@app.post("/users", status=201)
async def create_user(body: UserIn, notify: bool = False) -> User:
    return User(name=body.name, email=body.email, id=8 if notify else 9)


@app.get("/search")
async def search(
    q: str,
    limit: Annotated[int, msgspec.Meta(le=100)] = 20,
    accept_language: Annotated[str, Header()] = "en",
    theme: Annotated[str | None, Cookie()] = None,
) -> list:
    return [q, limit, accept_language, theme]


@app.get("/events")
def seen() -> list:
    return events


@app.get("/cached")
def cached() -> Response:
    return Response.ok("x").with_header("Cache-Control", "max-age=3600")


@app.delete("/users/{id:int}")
def delete_user(id: int) -> None:
    return None
"""


@pytest.fixture(params=["spica", "uvicorn"], scope="module")
def one_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> object:
    folder: Path = tmp_path_factory.mktemp("one_file")
    (folder / "app.py").write_text(APP)
    if request.param == "spica":
        with serving(folder, "app:app") as server:
            yield server
    else:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
        with started(command, folder, ANNOUNCED) as server:
            yield server


def fetch(server: RunningServer, method: str, path: str, body: object = None, **headers: str) -> tuple[int, object]:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    content = json.dumps(body).encode() if body is not None else None
    sent = {"accept": "application/json", **({"content-type": "application/json"} if content else {}), **headers}
    connection.request(method, path, content, sent)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, json.loads(text) if "json" in response.headers.get("content-type", "") else text


def test_plain_text(one_file: RunningServer) -> None:
    assert fetch(one_file, "GET", "/") == (200, "Hello, World!")


def test_typed_path_parameter_and_provider_with_teardown(one_file: RunningServer) -> None:
    assert fetch(one_file, "GET", "/users/7") == (200, {"name": "Ada", "email": "ada@example.com", "id": 7})
    events = fetch(one_file, "GET", "/events")[1]
    assert events[-2:] == ["open", "close"]  # type: ignore[index]


def test_not_found_is_problem_details(one_file: RunningServer) -> None:
    status, problem = fetch(one_file, "GET", "/users/1")
    assert status == 404
    assert problem["detail"] == "user not found"  # type: ignore[index]
    assert fetch(one_file, "GET", "/users/x")[0] == 404
    assert fetch(one_file, "GET", "/nowhere")[0] == 404


def test_a_body_is_validated_and_every_error_listed(one_file: RunningServer) -> None:
    good = {"name": "Grace", "email": "g@example.com"}
    assert fetch(one_file, "POST", "/users?notify=true", good) == (201, {**good, "id": 8})
    status, problem = fetch(one_file, "POST", "/users", {"name": "G", "email": "none"})
    assert status == 422
    listed = json.dumps(problem)
    assert "name" in listed
    assert "email" in listed


def test_query_header_and_cookie_parameters(one_file: RunningServer) -> None:
    status, found = fetch(one_file, "GET", "/search?q=py&limit=5", **{"accept-language": "de", "cookie": "theme=dark"})
    assert (status, found) == (200, ["py", 5, "de", "dark"])
    assert fetch(one_file, "GET", "/search?q=py", **{"accept-language": "en"})[1] == ["py", 20, "en", None]
    status, problem = fetch(one_file, "GET", "/search?limit=500")
    assert status == 422
    assert "q" in json.dumps(problem)
    assert "limit" in json.dumps(problem)


def test_nothing_is_204_and_headers_are_kept(one_file: RunningServer) -> None:
    assert fetch(one_file, "DELETE", "/users/1") == (204, "")
    _, headers, _ = Browser(one_file.port).request("GET", "/cached")
    assert headers["cache-control"] == "max-age=3600"


def test_the_wrong_method_says_what_is_allowed(one_file: RunningServer) -> None:
    status, headers, _ = Browser(one_file.port).request("DELETE", "/users")
    assert status == 405
    assert "POST" in headers["allow"]
