"""The routes file: every declaration and the routes it makes."""

from __future__ import annotations

import pytest

from spica.routing import Routes
from spica.routing.errors import InvalidTargetError, MisplacedBlockError, UnknownResourceActionError


def lines(r: Routes) -> list[str]:
    return [f"{route.method} {route.pattern} {route.target_name} {route.name}" for route in r.routes]


def test_resources_make_the_seven_routes() -> None:
    r = Routes()
    r.resources("posts")
    assert lines(r) == [
        "GET /posts posts#index posts",
        "GET /posts/new posts#new new_post",
        "POST /posts posts#create posts",
        "GET /posts/{id} posts#show post",
        "GET /posts/{id}/edit posts#edit edit_post",
        "PATCH /posts/{id} posts#update post",
        "PUT /posts/{id} posts#update post",
        "DELETE /posts/{id} posts#destroy post",
    ]


def test_a_noun_without_a_plural_has_a_helper_of_its_own_for_the_list() -> None:
    r = Routes()
    r.resources("news", only=["index", "new", "show"])
    assert lines(r) == [
        "GET /news news#index news_index",
        "GET /news/new news#new new_news",
        "GET /news/{id} news#show news",
    ]


def test_resources_take_only_except_path_param_and_controller() -> None:
    r = Routes()
    r.resources("people", only=["index", "show"], path="staff", param="slug", controller="employees")
    r.resources("tags", except_=["new", "edit", "update", "destroy"], param="id:int")
    assert lines(r) == [
        "GET /staff employees#index people",
        "GET /staff/{slug} employees#show person",
        "GET /tags tags#index tags",
        "POST /tags tags#create tags",
        "GET /tags/{id:int} tags#show tag",
    ]


def test_a_resource_is_single() -> None:
    r = Routes()
    r.resource("profile", only=["show", "edit", "update"])
    assert lines(r) == [
        "GET /profile profiles#show profile",
        "GET /profile/edit profiles#edit edit_profile",
        "PATCH /profile profiles#update profile",
        "PUT /profile profiles#update profile",
    ]


def test_blocks_nest() -> None:
    r = Routes()
    with r.resources("users", only=[]):
        r.resources("posts", only=["index", "edit"])
        with r.member():
            r.post("follow")
            r.get("avatar/large", "avatars#large")
        with r.collection():
            r.get("search")
        r.get("/stats", "user_stats#show")
    assert lines(r) == [
        "GET /users/{user_id}/posts posts#index user_posts",
        "GET /users/{user_id}/posts/{id}/edit posts#edit edit_user_post",
        "POST /users/{id}/follow users#follow follow_user",
        "GET /users/{id}/avatar/large avatars#large avatar_large_user",
        "GET /users/search users#search search_users",
        "GET /users/{user_id}/stats user_stats#show user_stats",
    ]


def test_scope_shares_prefix_folder_name_and_pipelines() -> None:
    r = Routes()
    with r.scope("/admin", pipe=["browser", "admin_only"], controllers="admin", name="admin"):
        r.resources("orders", only=["index"])
        r.get("/open", "door#open", pipe="browser")
    assert lines(r) == [
        "GET /admin/orders admin/orders#index admin_orders",
        "GET /admin/open admin/door#open admin_open",
    ]
    assert [route.pipe for route in r.routes] == [("browser", "admin_only"), ("browser",)]


def test_a_namespace_is_prefix_folder_and_name() -> None:
    r = Routes()
    with r.namespace("api", version="v1", pipe="api"), r.resources("users", only=["show"]):
        with r.member():
            r.post("follow")
        r.resources("posts", only=["new"])
    r.root("home#index")
    assert lines(r) == [
        "GET /api/v1/users/{id} api/v1/users#show api_v1_user",
        "POST /api/v1/users/{id}/follow api/v1/users#follow follow_api_v1_user",
        "GET /api/v1/users/{user_id}/posts/new api/v1/posts#new new_api_v1_user_post",
        "GET / home#index root",
    ]
    assert [route.pipe for route in r.routes] == [("api",), ("api",), ("api",), None]


def test_verbs_are_named_after_text_and_take_functions() -> None:
    def health() -> str:
        return "ok"

    r = Routes()
    r.get("/health", health)
    r.post("/sign-in/now", "sessions#create")
    r.delete("/things/{id}", "things#destroy")
    r.put("/things/{id}", "things#update", name="thing")
    r.patch("/x", "things#patch")
    assert [(route.method, route.name) for route in r.routes] == [
        ("GET", "health"),
        ("POST", "sign_in_now"),
        ("DELETE", None),
        ("PUT", "thing"),
        ("PATCH", "x"),
    ]
    assert r.routes[0].target is health


def test_a_route_remembers_its_line() -> None:
    r = Routes()
    r.get("/here", "home#index")
    assert r.routes[0].where.file == __file__
    assert r.routes[0].where.line == test_a_route_remembers_its_line.__code__.co_firstlineno + 2


def test_mistakes_are_told_at_once() -> None:
    r = Routes()
    with pytest.raises(UnknownResourceActionError, match="'index'"):
        r.resources("posts", only=["indx"])
    with pytest.raises(MisplacedBlockError):
        r.member()
    with pytest.raises(InvalidTargetError, match="home#index"):
        r.get("/", "home")
    with pytest.raises(InvalidTargetError, match="no target"):
        r.get("/health")
    with pytest.raises(InvalidTargetError, match="can't be called"):
        r.get("/health", 7)  # type: ignore[arg-type]
    assert r.routes == []


@pytest.mark.parametrize("target", ["posts.index", "PostsController.index", "posts/index", "posts"])
def test_a_target_that_was_meant_is_named(target: str) -> None:
    with pytest.raises(InvalidTargetError) as caught:
        Routes().get("/posts", target)
    assert caught.value.fix == "write posts#index"


def test_a_folder_is_no_controller() -> None:
    with pytest.raises(InvalidTargetError) as caught:
        Routes().get("/posts", "admin/BlogPostsController.show")
    assert caught.value.fix == "write admin/blog_posts#show"
