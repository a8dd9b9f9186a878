"""Signatures whose annotations are text: names of modules, of closures, and of the frame around a handler."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from spica import App, Provide, Router
from spica.injection.errors import AnnotationError, SignatureError
from spica.injection.signature import read_signature


def make_local_app() -> App:
    class Item(msgspec.Struct):
        name: str

    def get_limit(limit: int = 3) -> int:
        return limit

    def get_item(item: Item) -> Item:  # known to whoever asks for this provider
        return item

    app = App()

    @app.post("/items")
    def create(item: Annotated[Item, Provide(get_item)], limit: Annotated[int, Provide(get_limit)]) -> list[Any]:
        return [item.name, limit]

    return app


def test_types_of_the_function_around_a_handler_are_known() -> None:
    app = make_local_app()
    app.core
    [route] = app.routes
    function: Any = route.target
    assert set(function.__spica_names__) == {"Item", "get_item", "get_limit"}, "nothing else is kept"


def test_module_level_handlers_keep_nothing() -> None:
    router = Router()
    router.get("/")(module_level)
    assert not hasattr(module_level, "__spica_names__")


def module_level(limit: int = 3) -> int:
    return limit


def test_closures_are_known_without_being_registered() -> None:
    class Item(msgspec.Struct):
        name: str

    def handler(item: Item) -> Item:
        return Item(item.name)

    [parameter] = read_signature(handler)
    assert parameter.type is Item


def test_what_nobody_knows_is_told() -> None:
    def handler(item: Itme) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(AnnotationError, match="'Itme'"):
        read_signature(handler)


def test_a_local_struct_that_names_local_types_is_told() -> None:
    class Inner(msgspec.Struct):
        name: str

    class Outer(msgspec.Struct):
        inner: Inner

    app = App()

    @app.post("/")
    def handler(body: Outer) -> None: ...

    with pytest.raises(AnnotationError, match="the type of 'body' names 'Inner'") as caught:
        app.core
    assert "test_signature.py:" in caught.value.where
    assert "at the top of that module" in caught.value.fix


def test_an_annotation_that_is_no_python_is_told() -> None:
    def handler(item: Any) -> None: ...

    handler.__annotations__["item"] = "list[int"
    with pytest.raises(SignatureError, match="can't be evaluated"):
        read_signature(handler)
