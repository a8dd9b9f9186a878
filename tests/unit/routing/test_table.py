"""The route table: what contradicts, and which helper a name becomes."""

from __future__ import annotations

import pytest

from spica.routing import Router, Routes
from spica.routing.errors import DuplicateRouteNameError, InvalidTargetError, UnknownPathError
from spica.routing.listing import build_rows, render_rows
from spica.routing.table import RouteTable


def test_one_name_for_two_patterns_is_a_mistake() -> None:
    r = Routes()
    r.resources("orders", only=["index"])
    with r.scope("/admin", controllers="admin"):
        r.resources("orders", only=["index"])
    (mistake,) = RouteTable(r.routes).mistakes
    assert isinstance(mistake, DuplicateRouteNameError)


def test_helpers_come_from_names() -> None:
    r = Routes()
    r.resources("posts")
    table = RouteTable(r.routes)
    assert table.mistakes == []
    assert table.paths.posts() == "/posts"
    assert table.paths.edit_post(7) == "/posts/7/edit"
    assert len(table) == 8


def test_functions_of_one_name_leave_no_helper_until_one_is_named() -> None:
    one, two = Router(), Router()

    def index() -> str:
        return ""

    one.get("/one")(index)
    two.get("/two")(index)
    table = RouteTable([*one.routes, *two.routes])
    assert table.mistakes == []
    with pytest.raises(UnknownPathError, match="several routes are called index"):
        _ = table.paths.index

    two.get("/three", name="index")(index)
    assert RouteTable([*one.routes, *two.routes]).paths.index() == "/three"


def test_a_mounted_router_is_seen_with_its_later_routes() -> None:
    outer, inner = Router(), Router(pipe="api")
    outer.mount("/users", inner)

    @inner.get("/{id:int}", status=203)
    def show_user(id: int) -> int:
        return id

    (route,) = outer.routes
    assert (route.pattern.text, route.pipe, route.status, route.name) == ("/users/{id:int}", ("api",), 203, "show_user")
    assert route.where.line == show_user.__code__.co_firstlineno
    with pytest.raises(InvalidTargetError):
        outer.mount("/x", object())  # type: ignore[arg-type]


def test_the_listing_aligns_its_columns() -> None:
    r = Routes()
    r.get("/health", "health#check")
    r.get("/files/{rest:path}", "files#show", pipe=["browser", "auth"])
    rows = build_rows(r.routes, default_pipe=("browser",))
    assert (rows[0].name, rows[0].pipe, rows[1].pipe) == ("health", "browser", "browser, auth")
    text = render_rows(rows).splitlines()
    assert text[0].split() == ["NAME", "METHOD", "PATTERN", "TARGET", "PIPE", "DECLARED"]
    assert {line.index("GET") for line in text[1:]} == {text[0].index("METHOD")}
    assert render_rows([]) == "no routes"
