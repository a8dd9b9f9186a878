"""Storage: how one model lives in one database: its codecs, its loader and the plans of its statements.

Rules of this file:
- It is built at the model's first use and kept in `Database.plans`; plans are found by shape, and there are at most
  MAX_PLANS of a model (when one more comes, all are forgotten: cheaper than keeping count of uses).
- SQLAlchemy is imported only when a shape is new.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from msgspec.structs import astuple

from spica.db.driver import Codec
from spica.db.engine import Database, current
from spica.db.errors import BadValue
from spica.orm.arrays import ARRAY_DIALECTS, array_codec
from spica.orm.decimals import with_scale
from spica.orm.errors import QueryError
from spica.orm.fields import Field
from spica.orm.hydration import Load, build_loader
from spica.orm.relations.peers import as_peers
from spica.orm.rows import build_rows_loader
from spica.orm.schema import Schema
from spica.orm.shapes import JSON, Operand, QueryShape, Source, source_of
from spica.validation import CoercionFailed
from spica.validation.coerce import coercer

MAX_PLANS = 1_024

Convert = Callable[[Any], Any]


class Plan(NamedTuple):
    """A compiled statement. `binders` and `order` are None where values go as they are."""

    sql: str
    binders: tuple[Convert | None, ...]
    order: tuple[int, ...] | None

    def bind(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Convert a query's values and put them where the text has its placeholders."""
        bound = [value if bind is None else bind(value) for bind, value in zip(self.binders, values, strict=True)]
        return tuple(bound) if self.order is None else self.arrange(bound)

    def arrange(self, values: Any) -> tuple[Any, ...]:
        """Put values that are already converted where the text has its placeholders."""
        return tuple(values) if self.order is None else tuple([values[number] for number in self.order])


class Storage:
    """One model in one database."""

    __slots__ = (
        "_binders",
        "_codecs",
        "_dialect",
        "_encoders",
        "_loaders",
        "_plans",
        "decoders",
        "find_sql",
        "insert_shape",
        "insert_with_id_shape",
        "joined",
        "load",
        "schema",
    )

    def __init__(self, schema: Schema, database: Database) -> None:
        self.schema = schema
        self._dialect = database.dialect
        self._codecs = database.driver.codecs
        codecs = [self._codec(field) for field in schema.fields]
        self._encoders = [codec.encode for codec in codecs]
        self.decoders = [codec.decode for codec in codecs]
        self._binders = {
            field.name: _binder(schema.model, field, encode)
            for field, encode in zip(schema.fields, self._encoders, strict=True)
        }
        load = build_loader(schema.model, schema.fields, self.decoders, schema.make)
        self.load = as_peers(load) if schema.relations else load
        names = tuple(field.name for field in schema.fields)
        self.insert_shape = QueryShape(("insert", *names[schema.key.size :]))
        self.insert_with_id_shape = QueryShape(("insert", *names))
        self._plans: dict[QueryShape, Plan] = {}
        self._loaders: dict[Any, Load] = {}
        self.joined: dict[tuple[str, ...], Any] = {}  # by paths, what spica.orm.relations.joined knows
        self.find_sql = self.plan(QueryShape(("select",), schema.key.conditions)).sql

    def plan(self, shape: QueryShape) -> Plan:
        """Find the plan of a shape, or compile it."""
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._compile(shape)
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            self._plans[shape] = plan
        return plan

    def encode(self, record: Any) -> list[Any]:
        """Turn a record's values into those of its row."""
        return [
            value if encode is None or value is None else encode(value)
            for encode, value in zip(self._encoders, astuple(record), strict=True)
        ]

    def list_unstorable(self, record: Any) -> list[tuple[str, str]]:
        """List the fields whose values have the right type and still can't be stored here, with the reason."""
        found = []
        for field, encode in zip(self.schema.fields, self._encoders, strict=True):
            value = getattr(record, field.name)
            try:
                if encode is not None and value is not None:
                    encode(value)
            except BadValue as problem:
                found.append((field.name, problem.what))
        return found

    def encode_key(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Turn the values of a key into those of its row."""
        return tuple(
            [
                value if encode is None else encode(value)
                for encode, value in zip(self._encoders[: len(values)], values, strict=True)
            ]
        )

    def decode(self, position: int, value: Any) -> Any:
        """Turn one value of a row into the record's."""
        decode = self.decoders[position]
        return value if decode is None or value is None else decode(value)

    def decoder_of(self, operand: Operand) -> Convert | None:
        """Find what turns the values of a selected operand into Python's; None where they are so already."""
        match operand:
            case str():
                return self.decoders[self.schema.field(operand).position]
            case ("of", schema, name):
                return self._codec(schema.field(name)).decode
            case ("fn", "minimum" | "maximum", inner):
                return self.decoder_of(inner)
        source = source_of(operand)
        if source is None:
            return None
        if source == JSON:
            return self._codecs[dict].decode
        if isinstance(source, type):
            return source if source in (int, float) else self._codecs[source].decode
        schema, name = (self.schema, source) if isinstance(source, str) else source[1:]
        storage = schema.field(name).storage
        return storage if storage in (int, float) else self.decoder_of(source)  # PostgreSQL sums integers to decimals

    def rows_loader(self, operands: tuple[Operand, ...], names: tuple[str, ...]) -> Load:
        """Find the function that turns rows of selected operands into named tuples, or build it."""
        key = (operands, names)
        load = self._loaders.get(key)
        if load is None:
            if len(self._loaders) >= MAX_PLANS:
                self._loaders.clear()
            decoders = [self.decoder_of(operand) for operand in operands]
            load = self._loaders[key] = build_rows_loader(names, decoders)
        return load

    def _codec(self, field: Field) -> Codec:
        """Find how the values of a field cross the border here."""
        if isinstance(field.kind, type) and issubclass(field.kind, Enum):
            return Codec(_value_of, field.kind)  # the values are text or integers, which need no codec
        if field.element is not None and self._dialect in ARRAY_DIALECTS:
            return array_codec(self._codecs[field.element])
        if field.json is not None and field.json.is_typed:
            return Codec(field.json.encode, field.json.decode)
        codec = self._codecs[field.storage]
        if field.options.scale is not None:
            return Codec(codec.encode, with_scale(codec.decode, field.options.scale))
        return codec

    def _compile(self, shape: QueryShape) -> Plan:
        from spica.orm.compiler import compile_shape  # SQLAlchemy: 0.2 s, only when a shape is new

        compiled = compile_shape(self.schema, shape, self._dialect)
        in_order = compiled.order == tuple(range(len(compiled.sources)))
        return Plan(compiled.sql, tuple(map(self._binder, compiled.sources)), None if in_order else compiled.order)

    def _assigner(self, source: Source) -> Convert:
        field = self.schema.field(source)
        return _binder(self.schema.model, field, self._encoders[field.position], "set as")

    def _binder(self, source: Source) -> Convert | None:
        match source:
            case None:
                return None
            case ("assigned", name):
                return self._assigner(name)
            case ("path",):
                return _list_keys if self._dialect == "postgresql" else _write_path
            case ("json",):
                return self._codecs[dict].encode
            case str():
                return self._binders[source]
            case ("of", schema, name):
                field = schema.field(name)
                return _binder(schema.model, field, self._codec(field).encode)
        return _binder_of_type(source, self._codecs[source].encode)


def storage_of(model: Any, database: Database | None = None) -> tuple[Database, Storage]:
    """Find the database of a model and how the model lives in it."""
    database = database or current()
    storage = database.plans.get(model)
    if storage is None:
        storage = database.plans[model] = Storage(model.__schema__, database)
    return database, storage


def _value_of(member: Any) -> Any:
    return member.value


def _binder(model: str, field: Field, encode: Convert | None, verb: str = "compared with") -> Convert:
    """Build the function that takes a value of a condition, or one to be written, to the database's form."""
    fits = field.kind if field.takes_all or field.kind is str else None  # the database itself judges texts
    convert = field.convert

    def bind(value: Any) -> Any:
        if type(value) is not fits:
            if value is None:
                return None
            try:
                value = convert(value)
            except CoercionFailed as problem:
                raise QueryError(f"{value!r} can't be {verb} {model}.{field.name}", why=f"it {problem}") from None
            if value is None:
                return None
        return value if encode is None else encode(value)

    return bind


def _list_keys(path: tuple[str | int, ...]) -> list[str]:
    return [str(key) for key in path]


def _write_path(path: tuple[str | int, ...]) -> str:
    """Write a path in JSON as SQLite and MariaDB read it. Raises QueryError for a key that it can't have."""
    for key in path:
        if isinstance(key, str) and ('"' in key or "\\" in key or not key.isprintable()):
            raise QueryError(
                f"the key {key!r} can't be looked for in JSON",
                why="a path can't have quotes, backslashes or control characters here",
            )
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f'."{key}"' for key in path)


def _binder_of_type(kind: type, encode: Convert | None) -> Convert:
    """Build the function that takes a value that belongs to no field to the database's form."""
    convert = coercer(kind)

    def bind(value: Any) -> Any:
        try:
            value = value if type(value) is kind else convert(value)
        except CoercionFailed as problem:
            raise QueryError(f"{value!r} can't be compared with a {kind.__name__}", why=f"it {problem}") from None
        return value if encode is None else encode(value)

    return bind
