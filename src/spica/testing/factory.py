"""Factories: records for tests, with the values that a test does not care about filled in.

    class PostFactory(Factory[Post]):
        title = "A title"
        slug = sequence("post-{n}")
        published_at = lazy(lambda: datetime.now(UTC))
        author_id = reference(UserFactory)

Rules:
- The attributes of the class are the defaults of the model's fields; a name that is no field is a mistake, found when
  the class is made. What a test passes wins.
- `create` saves and fails loudly. `build` saves nothing at all, so it leaves references out; `unsaved` creates those.
- Values are the same in every run: numbers count up, nothing is random.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar, get_args

import msgspec

from spica.errors import closest

Record = TypeVar("Record", bound=msgspec.Struct)
Made = Callable[[int], Any]


class Sequence:
    """A value that counts. Use `sequence`."""

    def __init__(self, make: Made) -> None:
        self._numbers = itertools.count(1)
        self._make = make

    def next(self) -> Any:
        """The next value."""
        return self._make(next(self._numbers))


class Lazy:
    """A value that is made anew for each record. Use `lazy`."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class Reference:
    """The id of a record that is created when none is given. Use `reference`."""

    def __init__(self, factory: type[Factory[Any]], attribute: str) -> None:
        self.factory = factory
        self.attribute = attribute


def sequence(value: str | Made) -> Any:
    """A value that no other record of this factory has: a text with `{n}`, or a function of the number, from 1."""
    return Sequence((lambda n: value.format(n=n)) if isinstance(value, str) else value)


def lazy(make: Callable[[], Any]) -> Any:
    """A value that is made for each record: `lazy(list)`, `lazy(lambda: datetime.now(UTC))`."""
    return Lazy(make)


def reference(factory: type[Factory[Any]], attribute: str = "id") -> Any:
    """The id, or another attribute, of a record that another factory creates, unless the test passes one."""
    return Reference(factory, attribute)


class Factory(Generic[Record]):
    """Makes records of one model, or any msgspec Struct: `class UserFactory(Factory[User])`."""

    _model: ClassVar[type[Any]]
    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            if (kinds := get_args(base)) and isinstance(kinds[0], type):
                cls._model = kinds[0]
        own = {name: value for name, value in vars(cls).items() if not _is_machinery(name, value)}
        for name in own:
            _check_field(cls, name)
            delattr(cls, name)  # a field may be called like a method here
        cls._defaults = {**cls._defaults, **own}

    @classmethod
    def values(cls, **given: Any) -> dict[str, Any]:
        """The values of a record, without references; what is given wins."""
        filled = {name: value for name, value in cls._defaults.items() if name not in given}
        return {name: _fill(value) for name, value in filled.items() if not isinstance(value, Reference)} | given

    @classmethod
    def build(cls, **given: Any) -> Any:
        """A record that is not saved."""
        return cls._model(**cls.values(**given))

    @classmethod
    async def unsaved(cls, **given: Any) -> Any:
        """A record that is not saved and could be: what it refers to is created."""
        return cls._model(**await cls._with_references(given))

    @classmethod
    async def create(cls, **given: Any) -> Any:
        """A record that is saved. Raises what the model's `create` raises, when its rules refuse it."""
        return await cls._model.create(**await cls._with_references(given))

    @classmethod
    async def create_many(cls, number: int, **given: Any) -> list[Any]:
        """Several records that are saved, one after another."""
        return [await cls.create(**given) for _ in range(number)]

    @classmethod
    async def _with_references(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        values = cls.values(**given)
        for name, value in cls._defaults.items():
            if isinstance(value, Reference) and name not in given:
                values[name] = getattr(await value.factory.create(), value.attribute)
        return values


def _fill(value: Any) -> Any:
    if isinstance(value, Sequence):
        return value.next()
    if isinstance(value, Lazy):
        return value.make()
    # Of a list or a dict, each record has its own.
    return value.copy() if isinstance(value, list | dict | set) else value


def _is_machinery(name: str, value: object) -> bool:
    return name.startswith("_") or isinstance(value, classmethod | staticmethod | property)


def _check_field(factory: type[Factory[Any]], name: str) -> None:
    model: Any = getattr(factory, "_model", None)
    fields = getattr(model, "__struct_fields__", ())
    passwords = model.__schema__.passwords if hasattr(model, "__schema__") else {}
    if name not in fields and name not in passwords:
        near = closest(name, fields)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(fields)}"
        raise TypeError(f"{factory.__name__}.{name}: {_name_of(factory)} has no such field{hint}")


def _name_of(factory: type[Factory[Any]]) -> str:
    return getattr(getattr(factory, "_model", None), "__name__", "it names no model, and")
