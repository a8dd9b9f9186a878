"""The document of an application: what its routes, types, middleware and words become, and that it is OpenAPI 3.1."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypedDict

import attrs
import msgspec
import pydantic
import pytest
from openapi_spec_validator import validate

import spica.middleware as m
from spica import (
    App,
    Body,
    Context,
    Cookie,
    CurrentUser,
    Event,
    File,
    Form,
    Header,
    NotFound,
    Provide,
    Query,
    Response,
    Socket,
    UploadFile,
    WebSocket,
)
from spica.routing import converters
from spica.routing.converters import converter
from spica.routing.errors import InvalidRouteOptionError
from tests.integration.contract_app import build_app
from tests.modules import forget_app


class Color(enum.Enum):
    RED = "red"


class Address(msgspec.Struct):
    city: str


class UserIn(msgspec.Struct):
    """Somebody new."""

    name: Annotated[str, msgspec.Meta(min_length=2)]
    address: Address | None = None


@dataclass
class Plain:
    number: int = 1


class Dict(TypedDict):
    number: int


@attrs.define
class Attrs:
    number: int


class Pair(NamedTuple):
    left: int
    right: str = ""


class Model(pydantic.BaseModel):
    """A model of pydantic's."""

    name: str
    children: list[Model] = []


def describe(app: App, method: str, path: str) -> dict[str, Any]:
    document = app.openapi()
    validate(document)
    operation: dict[str, Any] = document["paths"][path][method]
    return operation


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{one['in']} {one['name']}": one for one in operation["parameters"]}


def json_schema(operation: dict[str, Any]) -> Any:
    return operation["requestBody"]["content"]["application/json"]["schema"]


def test_the_contract_application_is_valid_openapi() -> None:
    document = build_app().openapi()
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["info"] == {
        "title": "Shop",
        "version": "1.2.0",
        "description": "What a contract test needs.",
    }
    assert build_app().openapi() == document


class TestParameters:
    def test_each_source_with_types_constraints_and_defaults(self) -> None:
        app = App()

        @app.get("/a/{id:int}/{slug}")
        def show(
            id: int,
            slug: str,
            q: str,
            color: Color | None = None,
            limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20,
            tags: list[str] = [],  # noqa: B006 - never changed
            accept_language: Annotated[str, Header()] = "en",
            theme: Annotated[str | None, Cookie("t")] = None,
        ) -> None: ...

        found = parameters(describe(app, "get", "/a/{id}/{slug}"))
        assert list(found) == [
            "path id",
            "path slug",
            "query q",
            "query color",
            "query limit",
            "query tags",
            "header Accept-Language",
            "cookie t",
        ]
        assert found["path id"]["schema"] == {"type": "integer", "minimum": 0}
        assert found["path id"]["required"]
        assert found["query q"] == {"name": "q", "in": "query", "schema": {"type": "string"}, "required": True}
        assert found["query color"]["schema"] == {"$ref": "#/components/schemas/Color"}
        assert found["query limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
        assert found["query tags"]["schema"] == {"type": "array", "items": {"type": "string"}, "default": []}
        assert found["query tags"]["explode"]
        assert "required" not in found["cookie t"]

    def test_a_record_of_the_query_is_told_by_the_names_that_are_sent(self) -> None:
        app = App()

        @app.get("/nested")
        def nested(filter: Annotated[UserIn, Query()]) -> None: ...

        @app.get("/flat")
        def flat(filter: Annotated[Plain, Query(flat=True)]) -> None: ...

        assert list(parameters(describe(app, "get", "/nested"))) == [
            "query filter[name]",
            "query filter[address][city]",
        ]
        assert parameters(describe(app, "get", "/flat"))["query number"]["schema"]["default"] == 1

    def test_what_providers_read_is_part_of_the_route(self) -> None:
        app = App()

        def page(number: int = 1) -> int:
            return number

        @app.get("/")
        def index(page: Annotated[int, Provide(page)], ctx: Context) -> None: ...

        assert list(parameters(describe(app, "get", "/"))) == ["query number"]


class TestContent:
    @pytest.mark.parametrize("kind", [UserIn, Plain, Dict, Attrs, Pair, Model])
    def test_records_of_every_library_are_components(self, kind: type) -> None:
        app = App()

        async def create(body: Any) -> None: ...

        create.__annotations__["body"] = kind
        app.post("/")(create)
        document = app.openapi()
        validate(document)
        assert json_schema(document["paths"]["/"]["post"]) == {"$ref": f"#/components/schemas/{kind.__name__}"}
        assert document["components"]["schemas"][kind.__name__]["type"] == "object"

    def test_a_record_without_records_inside_may_be_a_form(self) -> None:
        app = App()

        @app.post("/flat")
        def flat(body: Plain) -> None: ...

        @app.post("/deep")
        def deep(body: UserIn) -> None: ...

        assert len(describe(app, "post", "/flat")["requestBody"]["content"]) == 3
        assert list(describe(app, "post", "/deep")["requestBody"]["content"]) == ["application/json"]

    def test_files_groups_and_fields_are_one_multipart_object(self) -> None:
        app = App()

        @app.post("/")
        def create(
            post: Annotated[UserIn, Form("post")],
            stars: Annotated[int, Form()],
            cover: Annotated[UploadFile | None, File("post[cover]", max_size=9, types=["image/*"])] = None,
            more: list[UploadFile] = [],  # noqa: B006 - never changed
        ) -> None: ...

        content = describe(app, "post", "/")["requestBody"]["content"]
        assert list(content) == ["multipart/form-data"]
        schema = content["multipart/form-data"]["schema"]
        binary = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
        assert list(schema["properties"]) == ["post[name]", "post[address][city]", "stars", "post[cover]", "more"]
        assert schema["properties"]["post[cover]"] == {**binary, "maxLength": 9}
        assert schema["properties"]["more"] == {"type": "array", "items": binary}
        assert schema["required"] == ["post[name]", "stars"]
        assert content["multipart/form-data"]["encoding"] == {"post[cover]": {"contentType": "image/*"}}

    def test_lists_examples_and_optional_content(self) -> None:
        app = App()

        @app.post("/", examples={"one": [Plain(7)]})
        def create(body: Annotated[list[Plain] | None, Body()] = None) -> None: ...

        body = describe(app, "post", "/")["requestBody"]
        assert "required" not in body
        assert body["content"]["application/json"] == {
            "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Plain"}},
            "examples": {"one": {"value": [{"number": 7}]}},
        }


class TestResponses:
    def build(self, returned: Any, **options: Any) -> dict[str, Any]:
        app = App()

        async def answer() -> Any: ...

        answer.__annotations__["return"] = returned
        app.get("/", **options)(answer)
        responses: dict[str, Any] = describe(app, "get", "/")["responses"]
        return responses

    @pytest.mark.parametrize(
        ("returned", "expected"),
        [
            (str, {"200": "text/plain"}),
            (bytes, {"200": "application/octet-stream"}),
            (dict[str, int], {"200": "application/json"}),
            (AsyncIterator[Event], {"200": "text/event-stream"}),
            (AsyncIterator[bytes], {"200": "text/plain"}),
            (None, {"204": None}),
            (UserIn | None, {"200": "application/json", "204": None}),
            (Response, {"default": None}),
            (UserIn | Response, {"200": "application/json", "default": None}),
        ],
        ids=str,
    )
    def test_by_what_the_function_returns(self, returned: Any, expected: dict[str, Any]) -> None:
        found = self.build(returned)
        assert {status: next(iter(one.get("content", {})), None) for status, one in found.items()} == expected

    def test_status_declared_and_raised_ones(self) -> None:
        found = self.build(UserIn, status=201, raises=[NotFound], responses={409: Plain, 402: "pay first", 302: None})
        assert list(found) == ["201", "302", "402", "404", "409"]
        assert found["404"] == {"$ref": "#/components/responses/NotFound"}
        assert "application/json" in found["409"]["content"]
        assert found["402"]["description"] == "pay first"

    def test_values_that_do_not_fit_are_problems(self) -> None:
        app = App()

        @app.post("/{id:int}")
        def create(id: int, body: Plain, q: int, user: Annotated[str, CurrentUser()]) -> None: ...

        document = app.openapi()
        assert list(document["paths"]["/{id}"]["post"]["responses"]) == [
            "204",
            "400",
            "401",
            "404",
            "413",
            "415",
            "422",
        ]
        refused = document["components"]["responses"]["UnprocessableContent"]["content"]
        assert refused == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ValidationProblem"}}}

    def test_wrong_options_are_told_when_the_route_is_declared(self) -> None:
        app = App()
        with pytest.raises(InvalidRouteOptionError, match="999"):
            app.get("/", responses={999: str})(print)
        with pytest.raises(InvalidRouteOptionError, match="KeyError"):
            app.get("/", raises=[KeyError])(print)  # type: ignore[list-item]


class TestSecurity:
    def test_schemes_of_the_pipeline(self) -> None:
        app = App()
        with app.pipeline("token"):
            app.use(m.Bearer(str), m.RateLimit("9/minute"))
        with app.pipeline("key"):
            app.use(m.ApiKey(str, field="x-key", optional=True))
        with app.pipeline("name"):
            app.use(m.Basic({"a": "b"}))
        with app.pipeline("jwt"):
            app.use(m.Jwt(key="k" * 32, algorithms=["HS256"], scopes=["read"]))
        for pipe in ("token", "key", "name", "jwt"):
            app.get(f"/{pipe}", pipe=pipe)(lambda: None)
        document = app.openapi()
        validate(document)
        assert {path: item["get"]["security"] for path, item in document["paths"].items()} == {
            "/token": [{"bearer": []}],
            "/key": [{}, {"api_key": []}],
            "/name": [{"basic": []}],
            "/jwt": [{"jwt": ["read"]}],
        }
        assert document["components"]["securitySchemes"]["api_key"] == {
            "type": "apiKey",
            "in": "header",
            "name": "X-Key",
        }
        assert {"401", "429"} <= document["paths"]["/token"]["get"]["responses"].keys()
        assert {"401", "403"} <= document["paths"]["/jwt"]["get"]["responses"].keys()


class TestWords:
    def test_docstring_options_and_names(self) -> None:
        app = App()

        @app.get("/a", tags=["letters"], deprecated=True)
        def show() -> None:
            """Show it.

            At length.
            """

        @app.get("/b", summary="Other", description="Words", operation_id="b")
        def other() -> None:
            """Show it."""

        app.post("/a")(show)
        app.get("/hidden", include_in_schema=False)(show)

        @app.ws("/echo")
        async def echo(socket: WebSocket) -> None: ...

        app.socket("/socket", Socket)

        paths = app.openapi()["paths"]
        assert list(paths) == ["/a", "/b"]
        first = paths["/a"]["get"]
        assert (first["operationId"], first["tags"], first["deprecated"]) == ("show", ["letters"], True)
        assert (first["summary"], first["description"]) == ("Show it.", "At length.")
        assert paths["/a"]["post"]["operationId"] == "show_post"
        second = paths["/b"]["get"]
        assert (second["operationId"], second["summary"], second["description"]) == ("b", "Other", "Words")

    def test_title_version_servers_and_prefixes(self) -> None:
        app = App(url="https://shop.example")
        app.describe_api(title="T", version="2", prefixes=["/api"])
        app.get("/api/a")(lambda: None)
        app.get("/apis")(lambda: None)
        document = app.openapi()
        assert document["info"] == {"title": "T", "version": "2"}
        assert document["servers"] == [{"url": "https://shop.example"}]
        assert list(document["paths"]) == ["/api/a"]


class TestPaths:
    def test_what_the_pattern_takes_is_the_schema(self) -> None:
        app = App()

        @app.get("/a/{key:uuid}/{day:date}/{name:slug}/{ratio:float}/{state:draft|published}/{rest:path}")
        def show(key: uuid.UUID, day: datetime.date, name: str, ratio: float, state: str, rest: str) -> None: ...

        path = "/a/{key}/{day}/{name}/{ratio}/{state}/{rest}"
        found = {one: each["schema"] for one, each in parameters(describe(app, "get", path)).items()}
        assert found == {
            "path key": {"type": "string", "format": "uuid"},
            "path day": {"type": "string", "format": "date"},
            "path name": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
            "path ratio": {"type": "number"},
            "path state": {"type": "string", "enum": ["draft", "published"]},
            "path rest": {"type": "string", "minLength": 1},
        }

    def test_own_converters_and_constraints(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(converters, "_own", {})  # those of other tests' messages are not these
        converter("article", "[A-Z]{3}-[0-9]+", parse=str.lower)
        app = App()

        @app.get("/a/{code:article}/{year}", where={"year": "[0-9]{4}"})
        def show(code: str, year: int) -> None: ...

        found = parameters(describe(app, "get", "/a/{code}/{year}"))
        assert found["path code"]["schema"]["pattern"] == "^(?:[A-Z]{3}-[0-9]+)$"
        assert found["path year"]["schema"] == {"type": "integer", "pattern": "^(?:[0-9]{4})$"}

    def test_of_routes_that_openapi_cannot_tell_apart_the_first_counts(self) -> None:
        app = App()

        @app.get("/a/{id:int}")
        def by_number(id: int) -> None: ...

        @app.get("/a/{id:uuid}")
        def by_key(id: uuid.UUID) -> None: ...

        assert describe(app, "get", "/a/{id}")["operationId"] == "by_number"


class TestControllers:
    def test_actions_with_what_their_filters_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for file, text in PROJECT.items():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        forget_app()
        app = App(root=tmp_path, env="test")
        operation = describe(app, "get", "/lamps/{id}")
        assert (operation["operationId"], operation["tags"]) == ("lamps_show", ["lamps"])
        assert operation["summary"] == "Show a lamp."
        assert list(parameters(operation)) == ["path id", "query token", "query full"]
        assert list(operation["responses"]) == ["200", "400", "404", "422"]
        assert describe(app, "get", "/lamps")["responses"].keys() == {"default"}
        forget_app()


PROJECT = {
    "config/app.toml": '[app]\nname = "lamps"\nsecret_key = "0123456789abcdef0123456789abcdef"\n',
    "config/routes.py": "def draw(r):\n    r.resources('lamps', only=['index', 'show'])\n",
    "config/middleware.py": "def draw(p):\n    pass\n",
    "app/controllers/lamps_controller.py": '''
from spica import Controller, before


class LampsController(Controller):
    @before(only="show")
    def check(self, token: str) -> None:
        pass

    def index(self):
        return []

    def show(self, id: int, full: bool = False) -> dict[str, int]:
        """Show a lamp."""
        return {"id": id}
''',
}
