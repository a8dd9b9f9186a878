"""A project's own tests by `spica test`: fixtures, a socket by one switch, several workers, what is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.processes import run_command

TESTS = """
import pytest
from spica.testing import assert_queries, Client
from app.models.post import Post
from tests.factories.post import PostFactory

pytestmark = pytest.mark.parametrize("turn", range(3))


async def test_the_database_is_empty_and_rolled_back(client, db, turn):
    assert await Post.count() == 0
    post = await PostFactory.create()
    with assert_queries(1):
        (await client.get(f"/posts/{post.id}")).expect_ok()
    (await client.post("/posts", form={"post": {"title": "Hi", "body": "there"}})).expect_redirect()
    assert await Post.count() == 2


async def test_time_and_outgoing_requests(client, db, clock, mock_server, turn):
    clock.freeze("2026-05-01")
    post = await PostFactory.create()
    assert post.created_at == clock.now()
    mock_server.expect("GET", "/maybe").optional()
    assert mock_server.url.startswith("http://127.0.0.1:")


def test_the_way_of_the_client(client, pytestconfig, turn):
    assert isinstance(client, Client)
    assert client.url.startswith("http://127.0.0.1:") == pytestconfig.getoption("spica_live")


@pytest.fixture
def session_of():
    return lambda user: {"account": user}


async def test_a_project_says_what_a_session_holds(client, turn):
    client.sign_in("ann")
    assert (await client.session())["account"] == "ann"


@pytest.mark.live
async def test_a_marked_test_uses_a_socket(client, turn):
    assert client.url.startswith("http://127.0.0.1:")
    (await client.get("/")).expect_ok()
"""


def spica_test(blog: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ("-p", "no:cacheprovider", *arguments)
    return run_command("test", *options, cwd=blog, check=False, SPICA_ENV="development", PYTEST_XDIST_WORKER="")


@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("sqlite://:memory:", ["--spica-live"]),
        ("sqlite://./db/test.sqlite3", ["-n", "2"]),
        ("sqlite://./db/test.sqlite3", ["--spica-live"]),
    ],
)
def test_a_projects_tests(blog: Path, url: str, arguments: list[str]) -> None:
    config = blog / "config" / "database.toml"
    config.write_text(config.read_text().replace("sqlite://:memory:", url))
    (blog / "tests" / "test_kit.py").write_text(TESTS)
    development = (blog / "db" / "development.sqlite3").stat().st_mtime_ns
    done = spica_test(blog, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    made = sorted(path.name for path in (blog / "db").glob("test*.sqlite3"))
    files = (
        [] if "memory" in url else ["test-gw0.sqlite3", "test-gw1.sqlite3"] if "-n" in arguments else ["test.sqlite3"]
    )
    assert made == files
    assert (blog / "db" / "development.sqlite3").stat().st_mtime_ns == development


def test_a_failing_test_fails_and_shows_why(blog: Path) -> None:
    (blog / "tests" / "test_kit.py").write_text(
        "async def test_it(client):\n    (await client.get('/nowhere')).expect_redirect('/posts')\n"
    )
    done = spica_test(blog, "tests/test_kit.py")
    assert done.returncode == 1
    assert "expected a redirect to /posts, got 404 for GET /nowhere" in done.stdout
