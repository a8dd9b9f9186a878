"""The routes file of the public contract, as it stands there."""

from __future__ import annotations

from spica.routing import Routes
from spica.routing.table import RouteTable


def draw(r: Routes) -> None:
    r.root("home#index")
    r.get("/health", "health#check")
    r.post("/login", "sessions#create")
    r.delete("/logout", "sessions#destroy")

    r.resources("posts")  # the 7 routes of Rails
    with r.resources("users"):
        r.resources("posts", only=["index", "create"])  # nested
        with r.member():
            r.post("follow")  # POST /users/{id}/follow → users#follow
        with r.collection():
            r.get("search")
    r.resource("profile")  # singular

    with r.scope("/admin", pipe=["browser", "admin_only"], controllers="admin"):
        r.resources("orders")
    with r.namespace("api", version="v1", pipe="api"):  # /api/v1/…, app/controllers/api/v1/…
        r.resources("users")

    r.get("/feed.{format}", "feeds#show", format=["json", "atom", "rss"])
    r.get("/admin", "admin#index", host="admin.example.com")
    r.get("/files/{*path}", "files#show")
    r.get("/posts/{slug:slug}", "posts#by_slug", where={"slug": r"[a-z-]+"})
    r.ws("/echo", "echo#stream")  # a raw WebSocket
    r.sse("/events", "events#stream")


def test_the_routes_file_of_the_contract() -> None:
    r = Routes()
    draw(r)
    table = RouteTable(r.routes, "https://example.com")
    assert table.mistakes == []
    lines = [f"{route.verb} {route.pattern} {route.target}" for route in table]
    for line in (
        "POST /users/{id}/follow users#follow",
        "GET /users/search users#search",
        "GET /users/{user_id}/posts posts#index",
        "GET /profile profiles#show",
        "GET /admin/orders admin/orders#index",
        "GET /api/v1/users api/v1/users#index",
        "GET /feed.{format:json|atom|rss} feeds#show",
        "GET admin.example.com/admin admin#index",
        "GET /files/{path:path} files#show",
        "WS /echo echo#stream",
        "SSE /events events#stream",
    ):
        assert line in lines
    paths = table.paths
    assert paths.post(7) == "/posts/7"
    assert paths.edit_post(7) == "/posts/7/edit"
    assert paths.feed("rss") == "/feed.rss"
    assert paths.absolute("https://example.com").post(7) == "https://example.com/posts/7"
