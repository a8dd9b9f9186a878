"""Promise 42 attacked on a generated scaffold, in production, over sockets: a form assigns its fields, nothing else."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.processes import Browser, RunningServer, run_command, serving

FORM = "application/x-www-form-urlencoded"
PART = 'content-disposition: form-data; name="{}"'


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Users with a field that is on no form."""
    folder = tmp_path_factory.mktemp("forms") / "shop"
    run_command("new", "shop", cwd=folder.parent)
    run_command("g", "scaffold", "User", "name:string", "admin:boolean", cwd=folder)
    controller = folder / "app/controllers/users_controller.py"
    controller.write_text(controller.read_text().replace('permit("name", "admin")', 'permit("name")'))
    for command in (["secrets", "key", "--env", "production"], ["build"], ["db", "migrate"]):
        run_command(*command, cwd=folder, SPICA_ENV="production")
    return folder


@pytest.fixture(scope="module")
def server(shop: Path) -> Iterator[RunningServer]:
    with serving(shop, "--workers", "1", "--quiet", SPICA_ENV="production") as running:
        yield running


def rows(shop: Path) -> list[tuple[int, str, int]]:
    with sqlite3.connect(shop / "db/production.sqlite3") as database:
        return database.execute("select id, name, admin from users order by id").fetchall()


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        (FORM, "user[name]=x&user[admin]=1"),
        (FORM, "user[name]=x&user%5Badmin%5D=1"),
        (FORM, "user[name]=x&user[admin][]=1"),
        (FORM, "user[name]=x&user[admin][x]=1"),
        (FORM, "user[name]=x&admin=1"),
        (FORM, "user[name]=x&user[id]=999"),
        (FORM, "user[name]=x&user[created_at]=2001-01-01"),
        (FORM, "user[name]=x&user[__class__]=x&user[save]=x&user[__dict__][admin]=1&user[_changes][admin]=1"),
        (FORM, "user[name]=x&user[admin=1"),
        (FORM, "user[name]=x&user]admin[=1"),
        (FORM, "user[name]=x&user[name][admin]=1"),
        (FORM, "user[name]=x&user.admin=1&user_admin=1&user[user][admin]=1"),
        (FORM, "user[][name]=x&user[][admin]=1"),
        (FORM, "user[name]=x&id=1&user_id=1"),
        ("application/json", json.dumps({"user": {"name": "x", "admin": True}})),
        ("application/json", json.dumps({"user": {"name": "x", "ADMIN": True, "Admin": True, "admin ": True}})),
        ("application/json", '{"user": {"name": "x"}, "user": {"name": "x", "admin": true}}'),
        ("application/json", json.dumps({"user": [["name", "x"], ["admin", True]]})),
        ("application/json", json.dumps({"user": {"name": {"admin": True}}})),
        ("application/json", json.dumps({"name": "x", "admin": True})),
        (
            "multipart/form-data; boundary=B",
            f"--B\r\n{PART.format('user[name]')}\r\n\r\nx\r\n--B\r\n{PART.format('user[admin]')}\r\n\r\n1\r\n--B--\r\n",
        ),
        (
            "multipart/form-data; boundary=B",
            f"--B\r\n{PART.format('user')}\r\ncontent-type: application/json\r\n\r\n"
            '{"name": "x", "admin": true}\r\n--B--\r\n',
        ),
    ],
)
def test_promise_42_a_form_assigns_only_its_fields(
    shop: Path, server: RunningServer, content_type: str, content: str
) -> None:
    browser = Browser(server.port)
    page = browser.page("/users/new")
    token = page.split('name="_csrf_token" value="')[1].split('"')[0]
    status, _, _ = browser.submit(page, "/users", **{"user[name]": "before"})
    assert status == 303, "else nothing was proved"
    before = rows(shop)
    newest = before[-1][0]
    for method, path in (("POST", "/users"), ("PATCH", f"/users/{newest}"), ("PUT", f"/users/{newest}")):
        for query in ("", "?user[admin]=1", f"?{quote('user[admin]')}=1&admin=1&id=1"):
            status = send(browser, method, path + query, content, content_type, token)
            assert status < 500, (method, path + query, status)
    after = rows(shop)
    assert [row for row in after if row[2]] == [], "an admin"
    assert [row[:1] for row in after if row[0] > newest + 9] == [], "a chosen id"
    assert [row for row in after if row[0] < newest] == before[:-1], "another record was changed"
    assert all(isinstance(row[1], str) for row in after)


def send(browser: Browser, method: str, path: str, content: str, content_type: str, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=10)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    fields = {"content-type": content_type, "x-csrf-token": token, "cookie": cookies, "accept": "text/html"}
    connection.request(method, path, content.encode(), fields)
    status = connection.getresponse().status
    connection.close()
    return status
