"""Which route answers, and why the others don't."""

from __future__ import annotations

from spica.routing import Routes
from spica.routing.explain import Asked, explain


def reasons(r: Routes, asked: Asked, answers: int | None = None) -> list[str]:
    found = explain(r.routes, asked, None if answers is None else r.routes[answers])
    return [f"{route.target}: {reason}" for route, reason in found]


def draw() -> Routes:
    r = Routes()
    r.get("/posts/new", "posts#new")
    r.get("/posts/{id:int}", "posts#show")
    r.post("/posts/{id}", "posts#update")
    r.get("/posts/{slug}", "posts#by_slug", where={"slug": "[a-z]+"})
    r.get("/posts/{key}", "admin#show", host="admin.example.com")
    r.get("/posts/{key}/comments", "comments#index")
    r.get("/posts/{key}", "beta#show", when=lambda request: False)
    return r


def test_each_that_comes_near_has_a_reason() -> None:
    assert reasons(draw(), Asked("GET", "/posts/A1", "x.test")) == [
        "posts#show: 'A1' does not fit {id:int}",
        "posts#update: answers POST, not GET",
        "posts#by_slug: 'A1' does not fit {slug}: slug must match [a-z]+",
        "admin#show: is for the host admin.example.com, not x.test",
        "beta#show: its function when= refuses the request",
    ]


def test_what_fits_as_well_is_less_specific() -> None:
    found = reasons(draw(), Asked("GET", "/posts/new", "admin.example.com"), answers=0)
    assert "posts#by_slug: fits as well, and what answers is more specific" in found
    assert "posts#new" not in " ".join(found)


def test_a_path_of_its_own_has_nothing_near() -> None:
    assert reasons(draw(), Asked("GET", "/")) == []
    assert reasons(draw(), Asked("GET", "/a/b/c/d")) == []
