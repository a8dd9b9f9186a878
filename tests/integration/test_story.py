"""The whole story over a real socket: new, scaffold, migrate, server; then what a visitor does."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import Browser, run_command, serving

NEW = {"post[title]": "First post", "post[body]": "Hello, <b>world</b>", "post[published]": "1"}


@pytest.mark.xdist_group("story")
def test_a_visitor_lists_creates_shows_edits_and_deletes(blog: Path) -> None:
    with serving(blog) as server:
        browser = Browser(server.port)
        assert "First post" not in browser.page("/posts")

        status, headers, _ = browser.submit(browser.page("/posts/new"), "/posts", **NEW)
        assert (status, headers["location"]) == (303, "/posts/1")
        shown = browser.page("/posts/1")
        assert "First post" in shown
        assert "Hello, &lt;b&gt;world&lt;/b&gt;" in shown
        assert "created" in shown.lower(), "the flash message"
        assert "created" not in browser.page("/posts/1").lower(), "it appears once"

        edit = browser.page("/posts/1/edit")
        assert 'value="First post"' in edit
        status, headers, _ = browser.submit(edit, "/posts/1", **{**NEW, "post[title]": "Second thoughts"})
        assert (status, headers["location"]) == (303, "/posts/1")
        assert "Second thoughts" in browser.page("/posts")

        status, headers, _ = browser.submit(browser.page("/posts/1"), "/posts/1")
        assert (status, headers["location"]) == (303, "/posts")
        assert browser.request("GET", "/posts/1")[0] == 404


@pytest.mark.xdist_group("story")
def test_mistakes_are_shown_beside_the_fields_and_what_was_typed_is_kept(blog: Path) -> None:
    with serving(blog) as server:
        browser = Browser(server.port)
        status, _, page = browser.submit(
            browser.page("/posts/new"),
            "/posts",
            **{"post[title]": "", "post[body]": 'Kept "text"', "post[published]": "1"},
        )
        assert status == 422
        assert "blank" in page
        assert "Kept &#34;text&#34;" in page
        assert "checked" in page
        assert "Kept" not in browser.page("/posts"), "nothing was saved"


@pytest.mark.xdist_group("story")
def test_a_post_without_the_token_is_refused_with_a_clear_page(blog: Path) -> None:
    with serving(blog) as server:
        browser = Browser(server.port)
        browser.page("/posts/new")
        for token in ({}, {"_csrf_token": "wrong"}):
            status, headers, page = browser.request("POST", "/posts", {**NEW, **token})
            assert status == 403
            assert headers["content-type"].startswith("text/html")
            assert "csrf" in page.lower()
        assert "First post" not in browser.page("/posts")


@pytest.mark.xdist_group("story")
def test_data_and_sessions_survive_a_restart(blog: Path) -> None:
    with serving(blog) as server:
        browser = Browser(server.port)
        browser.submit(browser.page("/posts/new"), "/posts", **NEW)
    with serving(blog) as server:
        browser.port = server.port
        page = browser.page("/posts/1")
        assert "First post" in page
        assert "created" in page.lower(), "the message waited in the encrypted cookie"


@pytest.mark.xdist_group("story")
def test_a_killed_server_loses_no_committed_row(blog: Path) -> None:
    with serving(blog) as server:
        browser = Browser(server.port)
        assert browser.submit(browser.page("/posts/new"), "/posts", **NEW)[0] == 303
        server.kill()
    with serving(blog) as again:
        assert "First post" in Browser(again.port).page("/posts")


@pytest.mark.xdist_group("story")
def test_every_response_has_the_safe_headers(blog: Path) -> None:
    with serving(blog) as server:
        browser = Browser(server.port)
        asked = [("GET", "/"), ("GET", "/none"), ("DELETE", "/posts"), ("POST", "/posts"), ("GET", "/assets/app.css")]
        for method, path in asked:
            _, headers, _ = browser.request(method, path)
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["referrer-policy"], path
            assert headers["x-frame-options"], path
            assert "server" not in headers, path


@pytest.mark.xdist_group("story")
def test_production_tells_nothing_of_an_exception(blog: Path) -> None:
    controller = blog / "app" / "controllers" / "posts_controller.py"
    source = controller.read_text()
    assert "async def index" in source
    head, _, tail = source.partition("async def index")
    signature, _, rest = tail.partition(":\n")
    controller.write_text(
        f'{head}async def index{signature}:\n        secret_local = "tell nobody"\n        1 / 0\n{rest}'
    )
    with serving(blog) as server:
        status, _, page = Browser(server.port).request("GET", "/posts")
        assert status == 500
        assert "ZeroDivisionError" in page
        assert "posts_controller.py" in page
    run_command("assets", "build", cwd=blog)
    production = {"SPICA_ENV": "production", "SPICA__APP__SECRET_KEY": secrets.token_urlsafe(48)}
    with serving(blog, **production) as server:
        status, _, page = Browser(server.port).request("GET", "/posts")
        assert status == 500
        assert "ZeroDivisionError" not in page
        assert "secret_local" not in page
        assert "posts_controller" not in page


@pytest.mark.xdist_group("story")
def test_the_generated_tests_pass(blog: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="],
        cwd=blog,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_a_port_in_use_is_named_with_its_process(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from spica import App\n\napp = App()\n")
    with serving(tmp_path) as server:
        refused = run_command("server", "--port", str(server.port), cwd=tmp_path, check=False)
        assert refused.returncode == 1
        assert f"port {server.port} is in use by" in refused.stderr
        assert f"(pid {server.process.pid})" in refused.stderr
        assert "Traceback" not in refused.stderr
