"""Database URLs."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.db import Database
from spica.db.errors import DatabaseUrlError
from spica.db.url import parse_url

ROOT = Path("/srv/blog")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite://./db/development.db", "/srv/blog/db/development.db"),
        ("sqlite://db/development.db", "/srv/blog/db/development.db"),
        ("sqlite:///var/lib/app.db", "/var/lib/app.db"),
        ("sqlite://:memory:", ":memory:"),
        ("sqlite://./a%20b.db", "/srv/blog/a b.db"),
    ],
)
def test_the_path_starts_at_the_root_unless_it_is_absolute(url: str, path: str) -> None:
    assert parse_url(url, root=ROOT).path == path


def test_without_a_root_it_starts_at_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_url("sqlite://a.db").path == str(tmp_path / "a.db")


def test_options_follow_a_question_mark() -> None:
    assert parse_url("sqlite://:memory:?synchronous=off&busy_timeout_ms=5").options == {
        "synchronous": "off",
        "busy_timeout_ms": "5",
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "blog.db",
        "sqllite://a.db",
        "oracle://x",
        "sqlite://",
        "sqlite://a.db?x",
        "postgresql://host",
        "postgresql://host:x/a",
    ],
)
def test_a_url_that_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlError):
        parse_url(url)


def test_a_scheme_with_a_typing_mistake_gets_a_near_match() -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        parse_url("sqlight://a.db")
    assert caught.value.fix == "did you mean sqlite://?"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("busy_timeout=5", "did you mean 'busy_timeout_ms'?"),
        ("synchronous=maybe", "one of off, normal, full"),
        ("busy_timeout_ms=-1", "busy_timeout_ms=-1"),
        ("inline_read_ms=0", "inline_read_ms=0"),
        ("reader_threads=many", "reader_threads=many"),
    ],
)
def test_an_option_that_means_nothing_is_refused(options: str, says: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        Database(f"sqlite://:memory:?{options}")
    assert says in str(caught.value)


def test_the_parts_of_a_servers_url() -> None:
    url = parse_url("postgresql://me%40home:p%2Fw@db.example:6543/blog?pool_size=5")
    assert (url.scheme, url.host, url.port, url.user, url.password, url.name) == (
        "postgresql",
        "db.example",
        6543,
        "me@home",
        "p/w",
        "blog",
    )
    assert url.options == {"pool_size": "5"}
    assert parse_url("postgres:///blog?host=/run/postgresql").host == "/run/postgresql"


def test_no_message_shows_a_password() -> None:
    url = "postgresql://me:secret@localhost/blog"
    assert "secret" not in repr(Database(url)) + repr(parse_url(url)) + parse_url(url).place
    with pytest.raises(DatabaseUrlError) as caught:
        parse_url("postgresql://me:secret@localhost")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("poolsize=5", "did you mean 'pool_size'?"),
        ("pgbouncer=maybe", "pgbouncer=true or pgbouncer=false"),
        ("pool_size=0", "pool_size=0"),
        ("ssl=yes", "one of disable, prefer, require, verify-full"),
    ],
)
def test_an_option_of_a_server_that_means_nothing_is_refused(options: str, says: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        Database(f"postgresql://localhost/blog?{options}")
    assert says in str(caught.value)
