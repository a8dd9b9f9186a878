"""`return value, 201` is found when the application starts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spica import App, Response
from spica.controllers.errors import UnsupportedResultError
from spica.controllers.results import refuse_status_in_tuple


def made() -> dict[str, int]:
    return {"id": 1}


def constant():  # type: ignore[no-untyped-def]
    return "created", 201


def built():  # type: ignore[no-untyped-def]
    return made(), 201


async def waiting():  # type: ignore[no-untyped-def]
    if made():
        return made(), 404
    return "found"


def with_headers():  # type: ignore[no-untyped-def]
    return made(), 201, {"location": f"/posts/{made()['id']}", "x": str(1)}


def with_constant_headers():  # type: ignore[no-untyped-def]
    return "created", 201, ("a", "b")


@pytest.mark.parametrize("function", [constant, built, waiting, with_headers, with_constant_headers])
def test_a_status_in_a_tuple_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedResultError) as caught:
        refuse_status_in_tuple(function)
    status = 404 if function is waiting else 201
    assert caught.value.what == f"{function.__name__} returns a tuple with the status {status}"
    line = int(caught.value.where.rpartition(":")[2])
    assert "return " in Path(__file__).read_text().splitlines()[line - 1]
    assert f"status={status}" in caught.value.fix


def typed() -> tuple[int, int]:
    return 1, 201


def a_list():  # type: ignore[no-untyped-def]
    return [made(), 201]


def small():  # type: ignore[no-untyped-def]
    return made(), 7


def a_flag():  # type: ignore[no-untyped-def]
    return made(), True


def three_numbers():  # type: ignore[no-untyped-def]
    return made(), made(), 201


def status_inside():  # type: ignore[no-untyped-def]
    return max(1, 201)


def response():  # type: ignore[no-untyped-def]
    return Response.ok(made(), status=201)


Size = tuple[dict[str, int], int]


def of_a_named_type() -> Size:
    return made(), 404


def sizes():  # type: ignore[no-untyped-def]
    return 640, 404


def decorated(function: Callable[[], Any]) -> Callable[[], Response]:
    @functools.wraps(function)
    def answer() -> Response:
        body, status = function()
        return Response.json(body, status=status)

    return answer


@decorated
def a_decorator_takes_it():  # type: ignore[no-untyped-def]
    return made(), 201


def continues():  # type: ignore[no-untyped-def]
    return made(), 100


@pytest.mark.parametrize(
    "function",
    [
        of_a_named_type,
        sizes,
        a_decorator_takes_it,
        continues,
        typed,
        a_list,
        small,
        a_flag,
        three_numbers,
        status_inside,
        response,
        len,
    ],
)
def test_everything_else_passes(function: Callable[..., Any]) -> None:
    refuse_status_in_tuple(function)


def test_an_app_does_not_start_with_one() -> None:
    app = App()
    app.get("/")(built)
    with pytest.raises(UnsupportedResultError):
        app.core
