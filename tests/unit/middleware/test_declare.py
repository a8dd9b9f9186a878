"""spica.middleware.declare: config/middleware.py."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spica import App
from spica import middleware as m
from spica.config.errors import UnknownEnvironment
from spica.config.settings import AppSection, Settings
from spica.http.response import Response
from spica.middleware.errors import InvalidMiddleware, UnknownPipeline
from spica.middleware.pipeline import compose, is_async

SETTINGS = Settings(env="test", app=AppSection(secret_key="0123456789 abcdefghijklmnopqrstuvwxyz"))


class Custom(m.Middleware):
    def before(self, ctx: Any) -> None: ...


def names(chain: tuple[m.Middleware, ...]) -> list[str]:
    return [type(one).__name__ for one in chain]


def declared() -> m.Pipelines:
    p = m.Pipelines()
    p.use(m.RequestId, m.SecurityHeaders)
    with p.pipeline("browser"):
        p.use(m.Session, m.Csrf(trusted=["https://admin.example"]))
    with p.pipeline("api"):
        p.use(Custom)
    with p.pipeline("browser"):
        p.use(Custom())
    p.bind(SETTINGS)
    return p


def test_a_route_without_pipes_gets_browser() -> None:
    assert names(declared().chain()) == ["RequestId", "Session", "Csrf", "Custom"]


@pytest.mark.parametrize(
    ("pipes", "chain"),
    [
        ("api", ["RequestId", "Custom"]),
        (["api"], ["RequestId", "Custom"]),
        (["browser", "api"], ["RequestId", "Session", "Csrf", "Custom", "Custom"]),
        ([], ["RequestId"]),
    ],
)
def test_named_pipelines_follow_the_common_part(pipes: Any, chain: list[str]) -> None:
    assert names(declared().chain(pipes)) == chain


def test_without_a_browser_pipeline_the_common_part_is_all() -> None:
    p = m.Pipelines()
    p.use(Custom)
    assert names(p.chain()) == ["Custom"]
    assert m.Pipelines().chain() == ()


def test_static_fields_of_the_common_part_are_for_the_core() -> None:
    fields = dict(declared().static_fields)
    assert fields["x-content-type-options"] == "nosniff"
    assert "SecurityHeaders" not in names(declared().chain())


def test_a_later_middleware_wins_over_an_earlier_static_field() -> None:
    p = m.Pipelines()
    p.use(m.SecurityHeaders, m.ContentSecurityPolicy(img_src=["*"]))
    assert "img-src *;" in dict(p.static_fields)["content-security-policy"]


def test_in_a_pipeline_static_fields_are_set_by_the_chain() -> None:
    p = m.Pipelines()
    with p.pipeline("browser"):
        p.use(m.SecurityHeaders)
    assert names(p.chain()) == ["SecurityHeaders"]
    assert p.static_fields == ()


def test_an_unknown_pipeline_has_near_matches() -> None:
    with pytest.raises(UnknownPipeline) as caught:
        declared().chain("browsr")
    assert "did you mean 'browser'?" in str(caught.value)
    assert "browser, api" in str(caught.value)
    assert declared().names == ["browser", "api"]


def test_routes_that_name_no_pipeline_are_not_left_without_a_misspelt_browser() -> None:
    p = m.Pipelines()
    with p.pipeline("browsr"):
        p.use(m.ETag)
    for ask in (p.chain, p.nonce_policies):
        with pytest.raises(UnknownPipeline) as caught:
            ask()
        assert "there is no pipeline 'browser'" in str(caught.value)
        assert "config/middleware.py declares: browsr" in str(caught.value)
        assert 'with p.pipeline("browser"):' in str(caught.value)
    assert names(p.chain("browsr")) == ["ETag"]
    assert p.chain([]) == ()


def test_pipelines_of_other_names_need_no_browser() -> None:
    p = m.Pipelines()
    for name in ("api", "admin", "public"):
        with p.pipeline(name):
            p.use(Custom)
    assert p.chain() == ()


def test_in_one_file_the_application_declares_pipelines() -> None:
    app = App(env="test")
    with app.pipeline("browsers"):
        app.use(Custom)
    app.get("/")(lambda: "home")
    with pytest.raises(UnknownPipeline) as caught:
        _ = app.compiled
    assert 'with app.pipeline("browser"):' in str(caught.value)
    assert "config/middleware.py" not in str(caught.value)

    app = App(env="test")
    app.get("/", pipe="admin")(lambda: "home")
    with pytest.raises(UnknownPipeline) as caught:
        _ = app.compiled
    assert "the application declares: none" in str(caught.value)
    assert 'declare it: with app.pipeline("admin"): app.use(...)' in str(caught.value)


def test_a_block_ends_with_its_exception() -> None:
    p = m.Pipelines()
    with pytest.raises(InvalidMiddleware), p.pipeline("browser"):
        p.use(object())  # type: ignore[arg-type]
    p.use(Custom)
    assert names(p.chain([])) == ["Custom"]


def test_every_middleware_is_bound_once() -> None:
    bound: list[Settings] = []

    class Binds(Custom):
        def bind(self, settings: Settings) -> None:
            bound.append(settings)

    p = m.Pipelines()
    p.use(Binds)
    with p.pipeline("api"):
        p.use(Binds)
    p.bind(SETTINGS)
    assert bound == [SETTINGS, SETTINGS]
    assert len(p.all) == 2


def test_configured_hosts_are_enforced_without_being_declared() -> None:
    settings = Settings(env="test", app=AppSection(hosts=["shop.example"]))
    p = m.Pipelines()
    p.use(Custom)
    for _ in range(2):
        p.bind(settings)
        assert names(p.chain()) == ["Hosts", "Custom"]
    own = m.Pipelines()
    own.use(Custom, m.Hosts("other.example"))
    own.bind(settings)
    assert names(own.chain()) == ["Custom", "Hosts"]


def test_middleware_for_some_environments() -> None:
    def chain(env: str) -> list[str]:
        p = m.Pipelines()
        p.use(Custom, when="production")
        with p.pipeline("browser"):
            p.use(m.RequestId, when=["production", "test"])
            p.use(m.Hosts, when=False)
            p.use(m.ETag, when=True)
        p.bind(Settings(env=env))
        return names(p.chain())

    assert chain("production") == ["Custom", "RequestId", "ETag"]
    assert chain("test") == ["RequestId", "ETag"]
    assert chain("development") == ["ETag"]
    with pytest.raises(UnknownEnvironment):
        m.Pipelines().use(Custom, when="producton")


def test_functions_are_middleware_by_their_parameters() -> None:
    order: list[str] = []

    def first(ctx: Any) -> None:
        order.append("before")

    def last(ctx: Any, response: Response) -> None:
        order.append("after")

    async def both(ctx: Any, next: Any) -> Response:
        order.append("around")
        response: Response = await next(ctx)
        return response

    p = m.Pipelines()
    p.use(first, last, both)
    composed = compose(p.chain([]), lambda ctx: Response())
    assert is_async(composed)
    asyncio.run(composed(None))
    assert order == ["before", "around", "after"]
    for wrong in (lambda: None, lambda ctx, other: None, lambda a, b, c: None):
        with pytest.raises(InvalidMiddleware, match="is no middleware"):
            p.use(wrong)


class OwnSession(m.Middleware):
    gives_session = True

    def before(self, ctx: Any) -> None: ...


def test_what_needs_a_session_comes_after_it() -> None:
    p = m.Pipelines()
    with p.pipeline("late"):
        p.use(m.Csrf, m.Session)
    with p.pipeline("none"):
        p.use(m.Csrf)
    with p.pipeline("session"):
        p.use(m.Session)
    with p.pipeline("own"):
        p.use(OwnSession, m.Csrf)
    for pipes, what in (
        ("late", "Csrf stands before Session in the pipeline late"),
        ("none", "Csrf stands without Session in the pipeline none"),
        (["none", "session"], "Csrf stands before Session in the pipeline none, session"),
    ):
        with pytest.raises(InvalidMiddleware) as caught:
            p.chain(pipes)
        assert (caught.value.what, caught.value.fix) == (what, "p.use(m.Session, m.Csrf)")
    assert names(p.chain(["session", "none"])) == ["Session", "Csrf"]
    assert names(p.chain("own")) == ["OwnSession", "Csrf"]


class OwnCsrf(m.Csrf):
    def before(self, ctx: Any) -> Response | None:
        return None


class PageOfCsrf(m.Csrf): ...


def test_sessions_and_tokens_of_ones_own_are_not_asked_for_session() -> None:
    def sign_in(ctx: Any) -> None: ...

    p = m.Pipelines()
    with p.pipeline("class"):
        p.use(Custom, m.Csrf)
    with p.pipeline("function"):
        p.use(sign_in, m.Csrf)
    with p.pipeline("token"):
        p.use(OwnCsrf)
    with p.pipeline("late"):
        p.use(Custom, m.Csrf, m.Session)
    with p.pipeline("page"):
        p.use(m.RequestId, PageOfCsrf)
    assert names(p.chain("class")) == ["Custom", "Csrf"]
    assert names(p.chain("function")) == ["FunctionMiddleware", "Csrf"]
    assert names(p.chain("token")) == ["OwnCsrf"]
    for pipes in ("late", "page"):
        with pytest.raises(InvalidMiddleware, match=f"Session in the pipeline {pipes}"):
            p.chain(pipes)
