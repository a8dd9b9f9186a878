"""spica.routing.listing: which rows of `spica routes` are chosen."""

from __future__ import annotations

import pytest

from spica import App
from spica.routing.listing import RouteRow, choose_rows, suggest_value


def rows() -> list[RouteRow]:
    app = App(env="test")
    app.get("/posts")(lambda: "")
    app.post("/posts")(lambda: "")
    return app.route_rows()


def test_a_method_chooses_in_any_case() -> None:
    assert [row.method for row in choose_rows(rows(), method="post")] == ["POST"]


@pytest.mark.parametrize(
    ("controller", "method", "said"),
    [
        ("", "PSOT", "no route has the method PSOT; did you mean POST?"),
        ("", "FOO", "no route has the method FOO; there are GET, POST"),
        ("nope", "", "no route is of the controller nope; there are none"),
        ("", "get", ""),
        ("", "", ""),
    ],
)
def test_a_value_that_no_row_has_is_told_with_near_ones(controller: str, method: str, said: str) -> None:
    assert suggest_value(rows(), controller=controller, method=method) == said


def test_controllers_are_told_too() -> None:
    row = RouteRow("", "GET", "", "/", "posts#index", "", "", "", "")
    assert suggest_value([row], controller="post") == "no route is of the controller post; did you mean posts?"
    assert suggest_value([row], controller="posts") == ""
