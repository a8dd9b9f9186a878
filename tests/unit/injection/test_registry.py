"""Providers by type, stand-ins in tests, and values that are read before any provider runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from spica.errors.http import FieldError
from spica.injection.errors import ProviderContractError, RefusedValue, SignatureError
from spica.injection.plan import Plan, Reader, build_plan
from spica.injection.providers import Provide
from spica.injection.registry import Registry
from spica.injection.scope import Scope
from spica.injection.signature import Parameter


class Database:
    def __init__(self, name: str = "real") -> None:
        self.name = name


class Refused(Exception):
    pass


class DictHost:
    """Fills parameters from a dict."""

    def choose_reader(self, parameter: Parameter) -> Reader:
        name = parameter.name

        def read(context: dict[str, Any]) -> object:
            if name not in context:
                raise RefusedValue([FieldError("dict", name, "is missing")])
            return context[name]

        return read

    def check_parameters(self, parameters: list[Parameter]) -> None: ...

    def refuse(self, errors: list[FieldError]) -> Exception:
        return Refused([error.name for error in errors])


LOG: list[str] = []


@pytest.fixture(autouse=True)
def empty_log() -> None:
    LOG.clear()


def get_name(name: str) -> str:
    return name


def get_database(name: Annotated[str, Provide(get_name)]) -> Iterator[Database]:
    LOG.append("open")
    yield Database(name)
    LOG.append("close")


async def get_user(user: str, db: Annotated[Database, Provide(get_database)]) -> str:
    return f"{user}@{db.name}"


def handler(db: Annotated[Database, Provide(get_database)]) -> str:
    return db.name


def by_type(db: Database, other: Database | None = None) -> str:
    return f"{db.name} {db is other}"


async def waiting(user: Annotated[str, Provide(get_user)], db: Annotated[Database, Provide(get_database)]) -> str:
    return f"{user} {db.name}"


def plan_of(function: Any, registry: Registry) -> Plan:
    return build_plan(function, DictHost(), registry=registry)


def call(plan: Plan, context: dict[str, Any]) -> Any:
    scope = Scope()
    values, named = plan.arguments(context, scope)
    result = plan.function(*values, **named)
    scope.close()
    return result


async def acall(plan: Plan, context: dict[str, Any]) -> Any:
    scope = Scope()
    values, named = await plan.aarguments(context, scope)
    function: Any = plan.function
    result = await function(*values, **named)
    await scope.aclose()
    return result


def test_a_registered_type_is_filled_without_a_marker() -> None:
    registry = Registry()
    registry.register(Database, get_database)
    assert call(plan_of(by_type, registry), {"name": "n"}) == "n True"
    assert LOG == ["open", "close"]


def test_a_type_has_one_provider() -> None:
    registry = Registry()
    registry.register(Database, get_database)
    registry.register(Database, get_database)
    with pytest.raises(SignatureError, match="two providers are registered for Database"):
        registry.register(Database, Database)
    with pytest.raises(SignatureError, match="no class"):
        registry.register("Database", get_database)  # type: ignore[arg-type]


def test_a_class_and_an_instance_are_providers() -> None:
    class Settings:
        def __init__(self, name: str) -> None:
            self.name = name

    class Make:
        def __call__(self, name: str) -> Database:
            return Database(name)

    def wants(s: Annotated[Settings, Provide(Settings)], d: Annotated[Database, Provide(Make())]) -> str:
        return f"{s.name} {d.name}"

    wants.__annotations__ = {
        "s": Annotated[Settings, Provide(Settings)],
        "d": Annotated[Database, Provide(Make())],
        "return": str,
    }
    assert call(plan_of(wants, Registry()), {"name": "n"}) == "n n"


def test_a_stand_in_counts_for_a_plan_that_is_built_already() -> None:
    registry = Registry()
    plan = plan_of(handler, registry)

    def fake(name: str) -> Iterator[Database]:
        LOG.append("open fake")
        yield Database(f"fake {name}")
        LOG.append("close fake")

    with registry.override(get_database, fake):
        assert call(plan, {"name": "n"}) == "fake n"
        with registry.override(get_database, lambda: Database("inner")):
            assert call(plan, {}) == "inner", "the real provider's values are not asked for"
        assert call(plan, {"name": "n"}) == "fake n"
    assert call(plan, {"name": "n"}) == "n"
    assert LOG == ["open fake", "close fake", "open fake", "close fake", "open", "close"]
    assert registry.overrides == {}


async def test_a_stand_in_may_be_of_another_kind() -> None:
    registry = Registry()
    plan, awaiting = plan_of(handler, registry), plan_of(waiting, registry)

    async def coroutine() -> Database:
        return Database("coroutine")

    async def generator() -> AsyncIterator[Database]:
        yield Database("generator")
        LOG.append("closed")

    with registry.override(get_database, coroutine):
        assert call(plan, {}) == "coroutine"
        assert await acall(awaiting, {"user": "u"}) == "u@coroutine coroutine"
    with registry.override(get_database, generator), pytest.raises(ProviderContractError, match="stand-in"):
        call(plan, {})
    with registry.override(get_user, lambda: "fake"):
        assert await acall(awaiting, {"name": "n"}) == "fake n"


async def test_every_value_is_read_before_the_first_provider_runs() -> None:
    plan = plan_of(waiting, Registry())
    with pytest.raises(Refused) as caught:
        await acall(plan, {})
    assert sorted(caught.value.args[0]) == ["name", "user"]
    with pytest.raises(Refused):
        await acall(plan, {"name": "n"})
    assert LOG == [], "nothing is opened for a request that is refused"
    assert await acall(plan, {"name": "n", "user": "u"}) == "u@n n"
    assert LOG == ["open", "close"]
