"""What happens when a model's class is made.

A model is a msgspec Struct: instances are filled and encoded by C code, and `post.title` is a slot. `Post.title` is a
Column all the same, because every model has a metaclass of its own whose attributes are the columns; Python asks a
metaclass for class attributes only, so instances pay nothing (measured: 9 ns a field, as a plain Struct).

Rules of this file:
- Fields are the annotations in order: `id`, those of abstract bases, the class' own, then those of plain mixins.
- The Struct has no defaults; `Model.__call__` fills them in. So a row of the database is always a whole instance.
- Every mistake that can be seen here is raised here.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_origin, get_type_hints

from spica import inflection
from spica.http.json import encode, register_form
from spica.orm.callbacks import Callback, collect_callbacks
from spica.orm.errors import ForbiddenAttributes, ModelDefinitionError, UnknownField, unknown_field
from spica.orm.expressions import Column
from spica.orm.fields import MISSING, Field, FieldOptions, build_field, unwrap
from spica.orm.json_columns import build_column
from spica.orm.passwords import PasswordAccess, PasswordNote
from spica.orm.query import Query
from spica.orm.relations.declaring import ANNOTATIONS, RELATIONS, build_relations, take_relations
from spica.orm.relations.registry import register_model
from spica.orm.rules import RULES
from spica.orm.schema import FieldRules, Schema, Unique
from spica.orm.scopes import Scope, as_property
from spica.templates.filters import use_json
from spica.validation import CoercionFailed
from spica.validation.rules import Length

if TYPE_CHECKING:
    StructMeta = type  # msgspec's would have a checker demand every field without a default in Post(...): decision 25
else:
    from msgspec import StructMeta

OPTIONS = "__field_options__"
RELATED_NAMES: set[str] = set()  # those of Related; spica.orm.relations.writing.related fills it in
RESERVED: set[str] = set()  # the public names of Model; spica.orm.model fills it in


class ColumnAccess:
    """A column as attribute of a model's metaclass. A data descriptor, so that it wins over the Struct's slot."""

    __slots__ = ("column",)

    def __init__(self, column: Column) -> None:
        self.column = column

    def __get__(self, model: Any, owner: Any = None) -> Column:
        return self.column

    def __set__(self, model: Any, value: object) -> None:
        raise AttributeError(f"{self.column!r} is a field; it can be set on a record, not on the class")


def make_record(model: Any, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
    """Make a new record, not saved: `Post(title="Hi")`. Values are converted to their fields' types; those that don't
    fit are kept as they are, for `save` to refuse by name.

    Args:    attributes: permitted parameters; named: values by field.
    Raises:  UnknownField, ForbiddenAttributes.
    """
    if not hasattr(model, "__schema__"):
        raise ModelDefinitionError(f"{model.__name__} is abstract: it has no table, so there are no records of it")
    schema = model.__schema__
    given = named if attributes is None else {**permitted(model.__name__, attributes), **named}
    record = schema.new()
    if given:
        schema.assign(record, given)
    return record


class ModelMeta(StructMeta):
    """The metaclass of Model; each model with a table has its own subclass of it."""

    __schema__: Schema
    __query__: type[Query[Any]]

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        table: str | None = None,
        abstract: bool = False,
    ) -> Any:
        """Make a model's class.

        Args:    table: the table's name, default the plural of the class' name in snake case;
                 abstract: a base for other models, without a table.
        Raises:  ModelDefinitionError, UnknownField.
        """
        parents = [base for base in bases if isinstance(base, ModelMeta)]
        frame = sys._getframe(1)
        body = ClassBody(name, namespace, frame.f_locals, f"{frame.f_code.co_filename}:{frame.f_lineno}")
        body.check_parents(parents)
        take_relations(name, namespace, body.where, bases)
        is_abstract = abstract or not parents
        body.take_fields(bases, abstract=is_abstract)
        # Only where it is True: False would refuse a base's True.
        options: dict[str, Any] = {"weakref": True} if RELATIONS in namespace else {}
        if is_abstract:
            return super().__new__(mcls, name, bases, namespace, eq=False, **options)
        meta = type(f"{name}Meta", (mcls,), {})
        model: Any = super().__new__(meta, name, bases, namespace, eq=False, **options)
        schema = build_schema(model, table or inflection.plural(inflection.snake(name)), body)
        for field in schema.fields:
            setattr(meta, field.name, ColumnAccess(build_column(schema, field)))
        model.__schema__ = schema
        register_model(model)
        model.__query__ = build_query_class(model)
        if schema.hidden or _has_own_form(model):
            register_form(model)
            use_json(encode)
        return model

    if not TYPE_CHECKING:  # a checker takes it for something else than the class' instance; Model.__init__ tells it
        __call__ = make_record


class ClassBody:
    """A model's class body before it becomes a class: which of its names are fields, and their options."""

    def __init__(self, name: str, namespace: dict[str, Any], scope: Mapping[str, Any], place: str) -> None:
        self.name = name
        self.namespace = namespace
        self.where = f"class {name}, {place}"
        self._scope = scope
        self.key: list[str] = []

    def check_parents(self, parents: list[Any]) -> None:
        """Refuse to inherit from a model with a table."""
        for parent in parents:
            if hasattr(parent, "__schema__"):
                raise ModelDefinitionError(
                    f"{self.name} can't inherit from {parent.__name__}, which has a table",
                    where=self.where,
                    fix="put what they share into class Base(Model, abstract=True), or into a plain mixin class",
                )

    def take_fields(self, bases: tuple[type, ...], *, abstract: bool) -> None:
        """Resolve the annotations, take the defaults out of the namespace and the fields of bases and mixins in."""
        own = self._resolved()
        annotations: dict[str, Any] = {}
        options: dict[str, FieldOptions] = {}
        for base in reversed(bases):
            annotations |= base.__dict__.get(ANNOTATIONS, {})
            options |= base.__dict__.get(OPTIONS, {})
        annotations |= own
        for name in own:
            if get_origin(own[name]) is not ClassVar:
                options[name] = _as_options(self.namespace.pop(name, MISSING))
        for base in bases:
            if not isinstance(base, ModelMeta):
                for name, annotation in get_type_hints(base, include_extras=True).items():
                    annotations.setdefault(name, annotation)
                    options.setdefault(name, _as_options(getattr(base, name, MISSING)))
        annotations = self._without_passwords(annotations, options)
        if abstract:
            self.namespace[ANNOTATIONS] = annotations
            self.namespace["__annotations__"] = {}
        else:
            self.namespace["__annotations__"] = self._with_key(annotations, options)
        self.namespace[OPTIONS] = options
        for name, member in self.namespace.items():
            if isinstance(member, FieldOptions):
                raise ModelDefinitionError(
                    f"{self.name}.{name} has no type", where=self.where, fix=f"write {name}: str = field(...)"
                )

    def _with_key(self, annotations: dict[str, Any], options: Mapping[str, FieldOptions]) -> dict[str, Any]:
        """Put the fields of the primary key first; `id` where nothing says another."""
        self.key = [name for name in annotations if name in options and options[name].primary_key]
        if not self.key:
            self.key = ["id"]
            annotations.setdefault("id", int)
        return {name: annotations[name] for name in self.key} | annotations

    def _without_passwords(self, annotations: dict[str, Any], options: dict[str, FieldOptions]) -> dict[str, Any]:
        """Put the column of its hash in the place of each password."""
        columns: dict[str, Any] = {}
        for name, annotation in annotations.items():
            nullable = _password_is_nullable(annotation)
            if nullable is None:
                columns[name] = annotation
                continue
            if options.pop(name) != FieldOptions():
                raise ModelDefinitionError(
                    f"{self.name}.{name} is a password, which has no default and no options",
                    where=self.where,
                    fix=f'write {name}: Password, and validates("{name}", length=(12, 200))',
                )
            access = self.namespace[name] = PasswordAccess(name, nullable=nullable)
            column = Annotated[str, PasswordNote(name)]
            columns[access.column] = column | None if nullable else column
            options[access.column] = FieldOptions(hidden=True)
        return columns

    def _resolved(self) -> dict[str, Any]:
        """Evaluate annotations written as text, with the names that the class body can see."""
        module = sys.modules.get(self.namespace.get("__module__", ""))
        holder = type(self.name, (), {"__annotations__": self.namespace.get("__annotations__", {})})
        try:
            return get_type_hints(holder, vars(module) if module else {}, dict(self._scope), include_extras=True)
        except NameError as problem:
            raise ModelDefinitionError(
                f"an annotation of {self.name} names something unknown: {problem}",
                where=self.where,
                fix="import the type at the top of the module, outside `if TYPE_CHECKING`",
            ) from problem


def permitted(model: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check that a mapping may be assigned as a whole.

    Raises:  ForbiddenAttributes for request parameters that were not permitted (they say so by `permitted = False`).
    """
    if getattr(attributes, "permitted", True) is False:
        names = ", ".join(f'"{name}"' for name in attributes)
        raise ForbiddenAttributes(
            f"parameters were given to {model} without permission",
            why="a client could set any field by adding it to the form",
            fix=f'name the fields: params.require("...").permit({names})',
        )
    if not isinstance(attributes, Mapping):
        raise UnknownField(
            f"{model}(...) takes values by name, got {attributes!r}",
            fix=f'write {model}(title="Hi") or {model}(params)',
        )
    return attributes


def build_schema(model: Any, table: str, body: ClassBody) -> Schema:
    """Work out what a new class says about its fields, rules and callbacks."""
    annotations = inspect.get_annotations(model)
    options: Mapping[str, FieldOptions] = model.__dict__[OPTIONS]
    callbacks: dict[str, tuple[Callback, ...]] = {}
    declared: list[FieldRules] = []
    passwords: dict[str, PasswordAccess] = {}
    for base in reversed(model.__mro__):
        callbacks = collect_callbacks(callbacks, base.__dict__)
        declared += base.__dict__.get(RULES, [])
        passwords |= {name: member for name, member in vars(base).items() if isinstance(member, PasswordAccess)}
    fields = tuple(
        _build_field(body, name, annotations[name], options.get(name, FieldOptions()), position)
        for position, name in enumerate(model.__struct_fields__)
    )
    _check_columns(body, fields)
    rules = [*_rules_of_options(fields), *declared]
    for rule in rules:
        if rule.name not in annotations and rule.name not in passwords:
            raise unknown_field(body.name, rule.name, model.__struct_fields__, where=body.where)
        for scoped in rule.unique.scope if rule.unique else ():
            if scoped not in annotations:
                raise unknown_field(body.name, scoped, model.__struct_fields__, where=body.where)
    make = StructMeta.__call__.__get__(model)  # 50 ns a call, where functools.partial takes 82
    return Schema(body.name, table, fields, tuple(rules), callbacks, make, passwords, build_relations(model))


def _has_own_form(model: type) -> bool:
    """Whether a model, or a base of it that is not Spica's, says what JSON shows of it."""
    return next(base for base in model.__mro__ if "__json__" in vars(base)).__module__ != "spica.orm.model"


def build_query_class(model: Any) -> type[Query[Any]]:
    """Make the model's own class of queries, which has its scopes as attributes."""
    scopes: dict[str, Any] = {"__slots__": ()}
    defaults: dict[str, Scope] = {}
    for base in reversed(model.__mro__):
        for name, member in base.__dict__.items():
            if isinstance(member, Scope):
                if hasattr(Query, name) or name in RELATED_NAMES:
                    raise ModelDefinitionError(f"the scope {model.__name__}.{name} would hide Query.{name}; rename it")
                scopes[name] = as_property(member)
                defaults[name] = member
    scopes["defaults"] = tuple(member for member in defaults.values() if member.is_default)
    return type(f"{model.__name__}Query", (Query,), scopes)


def _as_options(value: Any) -> FieldOptions:
    return value if isinstance(value, FieldOptions) else FieldOptions(default=value)


def _password_is_nullable(annotation: Any) -> bool | None:
    """Tell whether a password may be missing; None when the annotation is not that of a password."""
    try:
        _, nullable, notes = unwrap(annotation)
    except TypeError:  # told when the field is built
        return None
    return nullable if PasswordNote() in notes else None


def _build_field(body: ClassBody, name: str, annotation: Any, options: FieldOptions, position: int) -> Field:
    where = f"{body.where}, field {name!r}"
    if name.startswith("_") or name in RESERVED:
        raise ModelDefinitionError(
            f"{name!r} can't be a field of {body.name}",
            where=where,
            why="names with an underscore in front are private" if name.startswith("_") else f"Model.{name} has it",
            fix=f"choose another name, and for a column of this one write ... = field(column={name!r})",
        )
    try:
        field = build_field(name, annotation, options, position, body.key)
        _check_options(field)
    except (TypeError, CoercionFailed) as problem:
        raise ModelDefinitionError(f"{body.name}.{name} can't be a column: {problem}", where=where) from problem
    return field


def _check_columns(body: ClassBody, fields: tuple[Field, ...]) -> None:
    """Refuse two fields of one column."""
    columns: dict[str, str] = {}
    for field in fields:
        other = columns.setdefault(field.column, field.name)
        if other != field.name:
            raise ModelDefinitionError(
                f"{body.name}.{other} and {body.name}.{field.name} can't both be the column {field.column!r}",
                where=body.where,
                fix="give one of them another: field(column=...)",
            )


def _check_options(field: Field) -> None:
    """Refuse options that can't work. Raises TypeError or CoercionFailed with the reason."""
    options = field.options
    if options.default is not MISSING and options.default_factory is not None:
        raise TypeError("give a default or a default_factory, not both")
    if _can_change(options.default):
        factory = type(options.default).__name__
        raise TypeError(f"all records would share this default; write field(default_factory={factory})")
    _check_computed(field)
    _check_digits(field)
    if options.max is not None and (field.storage not in (str, bytes, list) or options.max < 1):
        raise TypeError(f"max is the length of text or of a list, from 1 on; got {options.max!r}")
    if options.lock and field.kind is not int:
        raise TypeError("the version of a row is an int")
    if options.stamp is not None and field.storage is not datetime:
        raise TypeError("only a datetime can be stamped")
    if options.default not in (MISSING, None):
        try:
            field.convert(options.default)
        except CoercionFailed as problem:
            raise TypeError(f"its default {options.default!r} {problem}") from None


def _can_change(value: Any) -> bool:
    """Whether a value can be changed in place: what can't be hashed."""
    try:
        hash(value)
    except TypeError:
        return True
    return False


def _check_computed(field: Field) -> None:
    options = field.options
    for name, text in (("generated", options.generated), ("db_default", options.db_default)):
        if text is None:
            continue
        if not isinstance(text, str) or not text.strip():
            raise TypeError(f'{name} is SQL, such as {name}="lower(name)"; got {text!r}')
        if field.has_default or options.stamp or (options.generated and options.db_default):
            raise TypeError(f"the database computes it ({name}), so it has no other default")
        if field.is_key:
            raise TypeError(f"a key can't be computed by the database ({name}): the new row could not be found again")
    if options.generated and (options.readonly or options.lock):
        raise TypeError("what is generated is never written anyway; leave readonly out")


def _check_digits(field: Field) -> None:
    precision, scale = field.options.precision, field.options.scale
    if precision is scale is None:
        return
    if field.kind is not Decimal:
        raise TypeError("precision and scale are the digits of a Decimal")
    if (
        (precision is not None and precision < 1)
        or (scale is not None and scale < 0)
        or (scale or 0) > (precision or 999)
    ):
        raise TypeError(f"a Decimal has 1 digit or more, of which {scale} can't be after the point")


def _rules_of_options(fields: tuple[Field, ...]) -> Iterator[FieldRules]:
    for field in fields:
        rules = () if field.options.max is None else (Length(max=field.options.max),)
        if rules or field.options.unique:
            yield FieldRules(field.name, rules, Unique() if field.options.unique else None)
