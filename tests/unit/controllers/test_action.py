"""Actions: filters, what ends a request, providers' scope, and which routes run without waiting."""

import asyncio
import inspect
from typing import Annotated, Any

import msgspec
import pytest

from spica import Form, Submitted
from spica._core import Request as NativeRequest
from spica.controllers.action import Endpoint, build_action_endpoint, build_function_endpoint
from spica.controllers.controller import Controller, RouteInfo
from spica.controllers.errors import NoTemplatesError, UnsupportedResultError
from spica.controllers.filters import before
from spica.controllers.lookup import ActionRef, list_actions
from spica.errors.http import BadRequest, UnsupportedMediaType
from spica.http.context import Context
from spica.http.errors import UnpermittedParams
from spica.http.request import Request
from spica.http.response import Response
from spica.injection.providers import Provide
from spica.orm.declaration import permitted
from spica.orm.errors import ForbiddenAttributes
from spica.routing.location import Location
from spica.routing.route import Route, build_route


class Pages:
    """Templates that show what they were given."""

    def render_with(self, name: str, locals: dict[str, Any], ctx: object) -> str:
        return f"{name} {dict(sorted(locals.items()))}"

    def render_fragment(self, name: str, fragment: str, locals: dict[str, Any], ctx: object) -> str:
        return f"{name}#{fragment} {locals}"


def route(pattern: str = "/", target: Any = "things#show", **options: Any) -> Route:
    return build_route("GET", pattern, target, Location("config/routes.py", 1), options)


def compiled(controller: type[Controller], action: str) -> Endpoint:
    info = RouteInfo("GET", "/", f"things#{action}", action=action, views="things", renderer=Pages())
    return build_action_endpoint(route(), ActionRef(controller, action, "things"), info)


async def answer(endpoint: Endpoint, target: str = "/", accept: str = "text/html") -> Response:
    request = Request(NativeRequest.build("GET", target, [("accept", accept), ("host", "h")]))
    response = endpoint.call(endpoint.context_type(request, endpoint.info))
    return await response if inspect.isawaitable(response) else response


class Base(Controller):
    @before
    def first(self) -> None:
        self.log_ = ["first"]  # type: ignore[attr-defined]


class Things(Base):
    @before(only=["show", "edit"])
    async def second(self, name: str = "x") -> None:
        self.name = name

    @before(except_="show")
    def guard(self, halt: str = "") -> Response | None:
        if halt == "return":
            return self.text("returned", status=401)
        if halt == "render":
            self.redirect_to("/login")
        return None

    async def show(self) -> None: ...

    def edit(self, status: int = 200) -> Response:
        return self.render("things/form", status=status, extra=[1])

    async def wait(self) -> str:
        await asyncio.sleep(0)
        return "waited"

    def remembered(self) -> None:
        self.json({"a": 1}, status=202)

    def partial(self) -> Response:
        self.assigns["shared"] = 2
        return self.render_partial("row", item=1)

    def rows(self) -> Response:
        return self.render("index", fragment="rows", item=1)

    def text_of(self) -> str:
        return self.render_to_string("mail")


async def test_none_renders_the_own_template_with_what_was_set() -> None:
    response = await answer(compiled(Things, "show"), "/?name=y")
    assert response.body == b"things/show {'log_': ['first'], 'name': 'y'}"
    assert response.header("content-type") == "text/html; charset=utf-8"


async def test_filters_run_from_the_base_class_down_and_by_their_rule() -> None:
    response = await answer(compiled(Things, "edit"), "/?name=y&status=422")
    assert response.status == 422
    assert response.body == b"things/form {'extra': [1], 'log_': ['first'], 'name': 'y'}"


async def test_render_sends_one_fragment_alone() -> None:
    response = await answer(compiled(Things, "rows"))
    assert response.body.startswith(b"things/index#rows {")
    assert b"'item': 1" in response.body


@pytest.mark.parametrize(("halt", "status"), [("return", 401), ("render", 303)])
async def test_a_filter_ends_the_request(halt: str, status: int) -> None:
    for action in ("edit", "wait"):
        assert (await answer(compiled(Things, action), f"/?halt={halt}")).status == status


async def test_what_was_made_is_sent_without_a_return() -> None:
    response = await answer(compiled(Things, "remembered"))
    assert (response.status, response.body) == (202, b'{"a":1}')


async def test_partials_and_strings() -> None:
    assert (
        await answer(compiled(Things, "partial"))
    ).body == b"things/_row {'item': 1, 'log_': ['first'], 'shared': 2}"
    assert (await answer(compiled(Things, "text_of"))).body == b"things/mail {'log_': ['first']}"


async def test_json_gets_only_what_was_passed_by_name() -> None:
    response = await answer(compiled(Things, "edit"), accept="application/json")
    assert response.body == b'{"extra":[1]}'
    assert response.header("vary") == "Accept, HX-Request"


async def test_an_override_without_the_mark_is_no_filter() -> None:
    class Open(Things):
        def guard(self, halt: str = "") -> None:  # type: ignore[override]
            raise AssertionError("not a filter any more")

    assert (await answer(compiled(Open, "wait"))).body == b"waited"


def test_actions_are_public_methods_that_are_no_filters() -> None:
    assert list_actions(Things) == ["edit", "partial", "remembered", "rows", "show", "text_of", "wait"]


def test_only_what_may_suspend_is_a_coroutine() -> None:
    assert not inspect.iscoroutinefunction(compiled(Things, "show").call), "its filter and action never await"
    assert not inspect.iscoroutinefunction(compiled(Things, "edit").call)
    assert inspect.iscoroutinefunction(compiled(Things, "wait").call)


def function_endpoint(function: Any, pattern: str = "/", **options: Any) -> Endpoint:
    return build_function_endpoint(route(pattern, function, **options), function, RouteInfo("GET", pattern, "f"))


def test_handlers_of_path_parameters_alone_are_bare() -> None:
    def none() -> None: ...
    def swapped(name: str, id: int) -> None: ...
    async def step(id: int) -> None: ...
    async def task(id: int) -> None:
        await asyncio.sleep(0)

    def with_query(id: int, q: str = "") -> None: ...
    def converted(name: int) -> None: ...
    def keyword(*, id: int) -> None: ...
    def with_context(ctx: Context) -> None: ...

    pattern = "/{id:int}/{name}"
    bare = [function_endpoint(function, pattern).bare for function in (none, swapped, step, task)]
    assert [(call.order, call.kind) for call in bare if call] == [
        ((), "plain"),
        ((1, 0), "plain"),
        ((0,), "step"),
        ((0,), "task"),
    ]
    for function in (with_query, converted, keyword, with_context):
        assert function_endpoint(function, pattern).bare is None, function


async def test_providers_are_closed_after_the_response_was_made_also_on_errors() -> None:
    log: list[str] = []

    class Value:
        def __json__(self) -> str:
            log.append("encoded")
            return "v"

    def plain():
        try:
            yield Value()
        finally:
            log.append("closed")

    async def waiting():
        try:
            yield Value()
        except RuntimeError:
            log.append("saw the error")
            raise

    def handler(value: Annotated[Value, Provide(plain)]) -> Value:
        return value

    async def failing(value: Annotated[Value, Provide(waiting)], *, again: Annotated[Value, Provide(waiting)]) -> None:
        assert value is again
        raise RuntimeError("boom")

    assert (await answer(function_endpoint(handler))).body == b'"v"'
    assert log == ["encoded", "closed"]
    with pytest.raises(RuntimeError, match="boom"):
        await answer(function_endpoint(failing))
    assert log[2:] == ["saw the error"]


async def test_filters_and_action_share_a_providers_value() -> None:
    made: list[object] = []

    async def make() -> object:
        made.append(object())
        return made[-1]

    class Shared(Controller):
        @before
        async def load(self, thing: Annotated[object, Provide(make)]) -> None:
            self.thing = thing

        async def show(self, thing: Annotated[object, Provide(make)]) -> str:
            return str(self.thing is thing)

    assert (await answer(compiled(Shared, "show"))).body == b"True"
    assert len(made) == 1


async def test_the_routes_status_is_for_values_only() -> None:
    def created() -> dict[str, int]:
        return {"id": 1}

    def own() -> Response:
        return Response.text("no", status=409)

    assert (await answer(function_endpoint(created, status=201))).status == 201
    assert (await answer(function_endpoint(own, status=201))).status == 409


async def test_results_that_are_no_values_are_refused() -> None:
    async def inner() -> str:
        return "x"

    def forgot_to_await(q: str = "") -> object:
        return inner()

    with pytest.raises(UnsupportedResultError, match="a coroutine"):
        await answer(function_endpoint(forgot_to_await))


async def test_a_generator_is_sent_while_it_runs() -> None:
    def generates(q: str = ""):
        return (str(number) for number in range(3))

    assert list((await answer(function_endpoint(generates))).stream) == ["0", "1", "2"]


def test_rendering_without_templates_says_how_to_get_them() -> None:
    request = Request(NativeRequest.build("GET", "/", []))
    with pytest.raises(NoTemplatesError) as caught:
        Controller(request, RouteInfo("GET", "/", "x", action="show", views="things")).render()
    assert "App(root=" in caught.value.fix


class Post:
    """What a model does with what it is given."""

    def __init__(self, attributes: Any = None, **named: Any) -> None:
        self.values = {**permitted("Post", attributes), **named}


class PostsController(Controller):
    @before(only=["show"])
    async def load_post(self, id: int) -> None:
        self.post = Post({"id": id})

    async def show(self) -> dict[str, Any]:
        return self.post.values

    async def create(self) -> Response:
        return self.json(Post(self.post_params()).values)

    def raw(self) -> Response:
        return self.json(Post(self.params.require("post")).values)

    def unpacked(self) -> Response:
        return self.json(Post(**self.params.require("post")).values)

    def expected(self) -> Response:
        return self.json(
            Post(self.params.expect(post=["title", {"tags": [], "comments_attributes": [["body"]]}])).values
        )

    def judged(self, form: Annotated[Submitted[dict[str, int]], Form("post")]) -> Response:
        return self.json({"valid": form.valid, "errors": form.errors.to_dict()})

    def post_params(self) -> Any:
        return self.params.require("post").permit("title", "body", tags=[])


SENT = (
    "post[title]=Hi&post[admin]=1&post[tags][]=a&post[tags][]=b&post[__class__]=x"
    "&post[comments_attributes][1][body]=two&post[comments_attributes][0][body]=one"
    "&post[comments_attributes][0][admin]=1"
)


async def post_to(action: str, content: str = SENT, content_type: str = "application/x-www-form-urlencoded") -> Any:
    info = RouteInfo("POST", "/", f"posts#{action}", action=action, views="posts", renderer=Pages())
    compiled_route = build_route("POST", "/", f"posts#{action}", Location("config/routes.py", 1), {})
    endpoint = build_action_endpoint(compiled_route, ActionRef(PostsController, action, "posts"), info)
    fields = [("content-type", content_type), ("host", "h"), ("accept", "application/json")]
    request = Request(NativeRequest.build("POST", "/", fields, content.encode()))
    response: Any = endpoint.call(endpoint.context_type(request, endpoint.info))
    response = await response if inspect.isawaitable(response) else response
    return msgspec.json.decode(response.body)


async def test_strong_parameters_let_only_what_is_named_reach_a_model() -> None:
    assert await post_to("create") == {"title": "Hi", "tags": ["a", "b"]}
    assert await post_to("expected") == {
        "title": "Hi",
        "tags": ["a", "b"],
        "comments_attributes": [{"body": "one"}, {"body": "two"}],
    }
    with pytest.raises(ForbiddenAttributes, match="Post without permission"):
        await post_to("raw")
    with pytest.raises(UnpermittedParams, match="can't be unpacked"):
        await post_to("unpacked")


async def test_content_of_another_type_is_no_missing_parameter() -> None:
    for action in ("create", "expected"):
        with pytest.raises(UnsupportedMediaType, match="not from text/plain"):
            await post_to(action, content_type="text/plain")
    with pytest.raises(BadRequest, match="'post' is missing"):
        await post_to("create", "other=1")


async def test_an_action_judges_a_form() -> None:
    assert await post_to("judged", "post[a]=x&post[b]=2") == {"valid": False, "errors": {"a": ["is not a number"]}}
    assert (await post_to("judged", "post[a]=1"))["valid"] is True
