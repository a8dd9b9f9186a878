"""`{% cache %}`: parts that are kept under the versions of what they show."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

import pytest

from spica.orm.fields import field
from spica.orm.model import Model
from spica.templates import BlockCache
from spica.templates.errors import CacheError, CacheKeyError, TemplateSyntaxError
from spica.templates.functions import uses_context
from tests.unit.templates.conftest import Views


class Counter:
    """Counts how often a part is rendered."""

    def __init__(self) -> None:
        self.n = 0

    def __str__(self) -> str:
        self.n += 1
        return f"#{self.n}"


class CachedPost(Model):
    title: str
    tags: dict[str, int] = field(default_factory=dict)


def test_a_part_is_rendered_again_when_its_record_changed(views: Views) -> None:
    templates = views(
        {"page": '<ul>{% cache "row", post %}<li title="{{ post.title }}">{{ count }}</li>{% end %}</ul>'}
    )
    post, count = CachedPost(title="<a"), Counter()
    first = templates.render("page", post=post, count=count)
    assert first == '<ul><li title="&lt;a">#1</li></ul>'
    assert templates.render("page", post=CachedPost(title="<a"), count=count) == first
    post.title = "b"
    assert templates.render("page", post=post, count=count) == '<ul><li title="b">#2</li></ul>'
    post.tags = {"x": 1}
    assert "#3" in templates.render("page", post=post, count=count)


def test_caches_inside_caches_and_loops(views: Views) -> None:
    text = "{% cache posts %}{% for p in posts %}{% cache p %}{{ p }}{{ count }}{% end %}{% end %}{% end %}"
    templates, count = views({"page": text}), Counter()
    assert templates.render("page", posts=["a", "b"], count=count) == "a#1b#2"
    assert templates.render("page", posts=["a", "b", "c"], count=count) == "a#1b#2c#3"
    assert templates.render("page", posts=["a", "b", "c"], count=count) == "a#1b#2c#3"


class Colour(Enum):
    RED = "red"


@dataclass
class Keyed:
    version: int

    def __cache_key__(self) -> object:
        return self.version


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2), (1, True), (1, "1"), (1, 1.0), (None, "None"), ("a", ["a"]), (["a", "b"], ["ab"]), ([], {}),
        ({"a": 1}, {"a": 2}), ({"a"}, {"b"}), (Decimal("1.0"), Decimal("1.00")), (Colour.RED, "RED"),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)), (Keyed(1), Keyed(2)),
        ("\ud800", "\ud801"), (["a", ["b"]], [["a"], "b"]), (timedelta(1), timedelta(2)),
    ],
)  # fmt: skip
def test_different_values_have_different_keys(views: Views, one: object, other: object) -> None:
    templates, count = views({"page": "{% cache x %}{{ count }}{% end %}"}), Counter()
    assert templates.render("page", x=one, count=count) == "#1"
    assert templates.render("page", x=other, count=count) == "#2"
    assert templates.render("page", x=one, count=count) == "#1"


def test_a_value_without_a_version_is_refused(views: Views) -> None:
    for value in (object(), CachedPost, (n for n in "a")):
        with pytest.raises(CacheKeyError, match="can't be a key"):
            views({"page": "{% cache x %}{% end %}"}).render("page", x=value)


def test_parts_of_different_templates_and_versions_are_apart(views: Views) -> None:
    cache = BlockCache()
    templates = views(
        {"a": "{% cache 1 %}a{% end %}{% cache 1 %}b{% end %}", "b": "{% cache 1 %}c{% end %}"}, cache=cache
    )
    assert (templates.render("a"), templates.render("b")) == ("ab", "c")
    assert len(cache) == 3
    assert views({"a": "{% cache 1 %}new{% end %}"}, cache=cache).render("a") == "new"


def test_a_changed_partial_is_another_version(views: Views) -> None:
    cache = BlockCache()
    assert views({"p": "old", "a": '{% cache 1 %}{% include "p" %}{% end %}'}, cache=cache).render("a") == "old"
    assert views({"p": "new"}, cache=cache).render("a") == "new"


def test_what_is_kept_is_bounded_in_bytes(views: Views) -> None:
    cache = BlockCache(max_bytes=10_000)
    templates = views({"page": "{% cache n %}{{ n }}{{ text }}{% end %}"}, cache=cache)
    for n in range(100):
        assert templates.render("page", n=n, text="x" * 700) == f"{n}{'x' * 700}"
        assert cache.size_bytes <= 10_000
    assert 5 < len(cache) < 15
    assert templates.render("page", n=99, text="not rendered") == f"99{'x' * 700}"
    assert templates.render("page", n=0, text="again") == "0again"
    assert templates.render("page", n=1, text="y" * 20_000)[:2] == "1y"
    assert templates.render("page", n=1, text="z") == "1z"
    cache.clear()
    assert (len(cache), cache.size_bytes) == (0, 0)


def test_time_ends_what_is_kept(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    templates, count = views({"page": "{% cache 1 expires=60 %}{{ count }}{% end %}"}), Counter()
    now = [1000.0]
    monkeypatch.setattr("spica.templates.block_cache.time.monotonic", lambda: now[0])
    assert templates.render("page", count=count) == "#1"
    now[0] += 59
    assert templates.render("page", count=count) == "#1"
    now[0] += 2
    assert templates.render("page", count=count) == "#2"


@uses_context
def token(ctx: object) -> str:
    return "secret"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{% cache 1 %}{{ token() }}{% end %}", r"token\(\) stands inside a cache"),
        ("{% cache 1 %}{{ 1 | token }}{% end %}", r"token\(\) stands inside a cache"),
        ("{% cache 1 %}{{ ctx.user }}{% end %}", "ctx stands inside a cache"),
        ("{% cache 1 %}{% include name %}{% end %}", "include that is called"),
        ("{% set a = 1 %}{% cache 1 %}{% set a = 2 %}{% end %}{{ a }}", "set changes 'a'"),
        ("{% cache 1 %}{% cache 2 %}{% end %}{{ token() }}{% end %}", "token"),
        ("{% macro m() %}{{ token() }}{% end %}{% cache 1 %}{{ m() }}{% end %}", "token"),
    ],
)
def test_what_belongs_to_a_request_or_to_the_page_is_refused(views: Views, text: str, what: str) -> None:
    with pytest.raises(CacheError, match=what) as caught:
        views({"page": text}, globals={"token": token}).get("page")
    assert caught.value.fix


@pytest.mark.parametrize(
    "text",
    [
        "{% cache post %}{{ current_user }}{% end %}",
        "{% cache post %}{{ current_user | default('') }}{% end %}",
        "{% cache post %}{% if current_user %}a{% end %}{% end %}",
        "{% params post, current_user %}{% cache post %}{{ current_user }}{% end %}",
        "{% set name = current_user %}{% cache post %}{{ name }}{% end %}",
        "{% set f = token() %}{% set g = [f] %}{% cache post %}{{ g }}{% end %}",
        "{% set f = ctx.user %}{% cache post %}{{ f }}{% end %}",
        "{% include 'part' f=token() %}",
        "{% cache post %}{% cache current_user %}{% end %}{% end %}",
        "{% cache post %}{% include 'who' %}{% end %}",
    ],
)
def test_what_a_request_gave_is_refused_where_it_is_no_part_of_the_key(views: Views, text: str) -> None:
    files = {"page": text, "part": "{% cache 1 %}{{ f }}{% end %}", "who": "{{ current_user }}"}
    pages = views(files, globals={"token": token}, of_request=["current_user"])
    with pytest.raises(CacheError, match="stands inside a cache") as caught:
        pages.get("page")
    assert "key" in caught.value.fix


@pytest.mark.parametrize(
    "text",
    [
        "{% cache post, current_user %}{{ current_user }}{% end %}",
        "{% cache [post, current_user] %}{% include 'who' user=current_user %}{% end %}",
        "{% set name = current_user %}{% cache name %}{% set again = name %}{{ again }}{% end %}",
        "{% for name in [current_user] %}{% cache name %}{{ name }}{% end %}{% end %}",
        "{% cache post %}{{ post }}{% end %}{{ current_user }}",
    ],
)
def test_what_a_request_gave_may_be_part_of_the_key(views: Views, text: str) -> None:
    pages = views({"page": text, "who": "{{ user }}"}, of_request=["current_user"])
    shown = [pages.render("page", post="", current_user=name) for name in ("Ada", "Bob")]
    assert shown == ["Ada", "Bob"]


def test_after_a_cache_everything_is_allowed_again(views: Views) -> None:
    text = "{% cache 1 %}{% set a = 2 %}{{ a }}{% end %}{{ token() }}{% set b = 1 %}{% cache 2 %}{{ b }}{% end %}"
    assert views({"page": text}, globals={"token": token}).render("page") == "2secret1"


@pytest.mark.parametrize(
    "text", ["{% cache %}{% end %}", "{% cache 1 ttl=2 %}{% end %}", "{% cache expires=1 %}{% end %}"]
)
def test_a_cache_without_a_key_is_refused(views: Views, text: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="cache"):
        views({"page": text}).get("page")


def test_threads_share_a_cache() -> None:
    cache = BlockCache(max_bytes=5000)

    def work(seed: int) -> None:
        for n in range(2000):
            key = bytes([n * seed % 40])
            text = cache.get(key)
            assert text is None or text == str(key[0]) * 50
            cache.put(key, str(key[0]) * 50)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (3, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < cache.size_bytes <= 5000
