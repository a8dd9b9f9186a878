"""Fields: what a model's annotation and `field(...)` say about one column.

Rules of this file:
- The annotation gives the type; `X | None` means that the column may be NULL; `Text` is a string without a length.
- A field knows nothing of a database: how a type is stored is the driver's business (`Driver.codecs`).
- What the database computes (`generated=`, `db_default=`) is SQL of the program, never of a request.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypedDict, Union, Unpack, get_args, get_origin
from uuid import UUID

from spica.errors import closest
from spica.orm.decimals import bounded_decimal
from spica.orm.errors import ModelDefinitionError
from spica.orm.keys import check_kind, maker_of
from spica.orm.mapped import Mapped
from spica.orm.passwords import PasswordNote, coerce_hash
from spica.validation import CoercionFailed
from spica.validation.coerce import coercer
from spica.validation.json_types import JsonType, is_json_type, json_type

# password, password_hash, api_token, otp_secret, reset_digest; not tokens_used or secretary.
_SECRET = re.compile(r"(?:^|_)(?:password|passwd|token|secret|digest)(?:_(?:hash|digest|encrypted))?$").search

SCALARS = (str, int, float, bool, datetime, date, time, timedelta, Decimal, UUID, bytes)
# Values of exactly these types are what a column takes, whatever they are; of the others some are not.
_ALL_FIT = (int, float, bool, date, UUID, bytes)


class _Unlimited:
    """Marks a text column without a length limit."""

    def __repr__(self) -> str:
        return "Text"


Text = Annotated[str, _Unlimited()]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """What `field(...)` was given."""

    default: Any = MISSING
    default_factory: Callable[[], Any] | None = None
    max: int | None = None
    unique: bool = False
    index: bool = False
    stamp: Literal["create", "save"] | None = None
    hidden: bool | None = None
    primary_key: bool = False
    lock: bool = False
    deletion: bool = False
    column: str | None = None
    precision: int | None = None
    scale: int | None = None
    db_default: str | None = None
    generated: str | None = None
    stored: bool = True
    readonly: bool = False
    init: bool = True
    json: bool = False


class FieldKeywords(TypedDict, total=False):
    """What `field(...)` takes besides a default; it says what each is for."""

    max: int | None
    unique: bool
    index: bool
    stamp: Literal["create", "save"] | None
    hidden: bool | None
    primary_key: bool
    column: str | None
    precision: int | None
    scale: int | None
    db_default: str | None
    generated: str | None
    stored: bool
    readonly: bool
    init: bool
    json: bool


def field(
    *, default: Any = MISSING, default_factory: Callable[[], Any] | None = None, **options: Unpack[FieldKeywords]
) -> Any:
    """Say more about a model's field than its annotation does.

    Args:    default: the value of a new record; default_factory: a function that makes it (lists, dicts, times);
             max: the longest text or list, checked by `save`; unique: no two rows have the same value, checked by
             `save` and, where the migration has the index, by the database; index: whether it is looked up often;
             stamp: a datetime set to now by each "save", or once by "create"; hidden: whether JSON leaves it out, by
             default what is called a password, token, secret or digest; primary_key: it names the row, in the place
             of `id`; several fields do so together; column: its name in the table, by default the field's;
             precision, scale: how many digits a Decimal has, and how many of them after the point;
             db_default: SQL by which the database computes the value of a new row that was given none;
             generated: SQL by which the database computes the value of every row, from its other columns: it is read
             and never written; stored: False computes a generated value when it is read;
             readonly: `save` refuses to change it once there is a row; init: False keeps it out of `Post(...)`,
             `create`, `update` and `assign`, so that only `post.name = ...` sets it; json: a list of texts or numbers
             is JSON on PostgreSQL too, not an array.
    Returns: for a type checker anything, so that it stands for an `int` and for a `Mapped[int]`; a default of another
             type is refused when the class is made.
    Raises:  ModelDefinitionError for an option that does not exist.
    Example: title: str = field(max=200)
    """
    for name in options.keys() - FieldKeywords.__optional_keys__:
        near = closest(name, [*FieldKeywords.__optional_keys__, "default", "default_factory"])
        caller = sys._getframe(1)
        raise ModelDefinitionError(
            f"field(...) has no option {name!r}",
            where=f"{caller.f_code.co_filename}:{caller.f_lineno}",
            fix=f"did you mean {near[0]!r}?"
            if near
            else f"one of {', '.join(sorted(FieldKeywords.__optional_keys__))}",
        )
    return FieldOptions(default, default_factory, **options)


def lock() -> int:
    """Declare the version of a row: a save or destroy of a record that another has changed since raises StaleRecord.

    Example: lock_version: int = lock()
    """
    options: Any = FieldOptions(default=0, lock=True)
    return options  # type: ignore[no-any-return]  # what the annotation says, as of `field`


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of one model, resolved.

    kind: the Python type without None, such as `int` or `list[str]`; storage: the type whose codec stores it;
    position: its place in the row; text: whether it is `Text`; column: its name in the table;
    json: how its JSON is written and read, None for other columns; element: the type of its items where it is an array
    on databases that have them, else None;
    password: the name of the `Password` whose hash it holds, "" for most;
    is_key: whether it is (part of) the primary key; is_made: whether `save` makes that.
    """

    name: str
    kind: Any
    nullable: bool
    storage: type
    text: bool
    position: int
    options: FieldOptions
    coerce: Callable[[object], Any]
    password: str = ""
    is_key: bool = False
    is_made: bool = False
    json: JsonType | None = None
    element: type | None = None

    @property
    def column(self) -> str:
        """Its name in the table."""
        return self.options.column or self.name

    @property
    def is_generated(self) -> bool:
        """Whether the database computes it in every row, so that it is never written."""
        return self.options.generated is not None

    @property
    def is_computed(self) -> bool:
        """Whether the database may know a new row's value better than the record that was saved."""
        return self.options.generated is not None or self.options.db_default is not None

    @property
    def takes_all(self) -> bool:
        """Whether every value of exactly its type can be stored, without a look."""
        kind, options = self.kind, self.options
        if kind is Decimal:
            return options.precision is None and options.scale is None
        return kind in _ALL_FIT or (isinstance(kind, type) and issubclass(kind, Enum))

    @property
    def has_default(self) -> bool:
        """Whether a new record has a value without being given one."""
        return self.options.default is not MISSING or self.options.default_factory is not None

    def default(self) -> Any:
        """The value of a new record; None where nothing says another."""
        if self.options.default_factory is not None:
            return self.options.default_factory()
        return None if self.options.default is MISSING else self.options.default

    @property
    def is_hidden(self) -> bool:
        """Whether JSON leaves it out: it was declared so, or nothing was said and its name is that of a secret."""
        return bool(_SECRET(self.name)) if self.options.hidden is None else self.options.hidden

    @property
    def is_required(self) -> bool:
        """Whether a record without a value can't be saved."""
        return not (self.nullable or self.options.stamp or self.password or self.is_made or self.is_computed)

    @property
    def shown_as(self) -> str:
        """The name that messages are about."""
        return self.password or self.name

    @property
    def is_json(self) -> bool:
        """Whether the column holds a list or a dict."""
        return self.json is not None

    def accept(self, value: Any) -> Any:
        """Convert a value that was assigned; one that does not fit is kept as it is, for `save` to refuse by name."""
        if value is None or type(value) is self.kind:
            return value
        try:
            return self.convert(value)
        except CoercionFailed:
            return value

    def convert(self, value: Any) -> Any:
        """Convert a value. Raises CoercionFailed with the message for the field."""
        if self.nullable and self.kind is not str and isinstance(value, str) and not value.strip():
            return None  # an empty form control
        return self.coerce(value)


def build_field(name: str, annotation: Any, options: FieldOptions, position: int, key: Collection[str] = ()) -> Field:
    """Resolve one field of a model whose key has these names.

    Raises:  TypeError, whose text says why, for an annotation that no column can have.
    """
    kind, nullable, notes = unwrap(annotation)
    text = any(isinstance(note, _Unlimited) for note in notes)
    password = next((note.name for note in notes if isinstance(note, PasswordNote)), "")
    storage, json, element = _storage(kind, options)
    coerce = coerce_hash if password else coercer(kind)
    if kind is Decimal and (options.precision is not None or options.scale is not None):
        coerce = bounded_decimal(coerce, options.precision, options.scale)
    if name in key:
        check_kind(kind, nullable)
    is_made = name in key and len(key) == 1 and maker_of((kind,)) != "program"
    is_key = name in key
    return Field(
        name, kind, nullable, storage, text, position, options, coerce, password, is_key, is_made, json, element
    )


def unwrap(annotation: Any) -> tuple[Any, bool, list[object]]:
    """Take Annotated and None off an annotation: the type, whether None is allowed, the notes of Annotated."""
    notes: list[object] = []
    nullable = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            notes += more
        elif origin is Mapped:
            (annotation,) = get_args(annotation)
        elif origin in (Union, types.UnionType):
            members = [member for member in get_args(annotation) if member is not types.NoneType]
            if len(members) != 1:
                raise TypeError(f"a column has one type, not {annotation}")
            nullable = nullable or len(members) < len(get_args(annotation))
            annotation = members[0]
        else:
            return annotation, nullable, notes


def _storage(kind: Any, options: FieldOptions) -> tuple[type, JsonType | None, type | None]:
    """Find what stores a type: the type of the codec, how its JSON is written, the type of an array's items."""
    if kind in SCALARS:
        return kind, None, None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_storage(kind), None, None
    if hasattr(kind, "__schema__"):
        name = kind.__name__
        raise TypeError(f"{name} is a model; to refer to one of its records write ...: {name} = belongs_to()")
    if not is_json_type(kind):
        raise TypeError(
            "a column's type is str, Text, int, float, bool, datetime, date, time, timedelta, Decimal, UUID, bytes, an "
            "Enum, list[...], dict[...], or for JSON a Struct, a dataclass, a TypedDict or a pydantic model"
        )
    container: type = list if (get_origin(kind) or kind) in (list, tuple, set, frozenset) else dict
    items = get_args(kind)
    element = items[0] if get_origin(kind) is list and items[0] in SCALARS and not options.json else None
    try:
        return container, json_type(kind), element
    except TypeError as problem:
        raise TypeError(f"it can't be read from JSON: {problem}") from None


def _enum_storage(kind: type[Enum]) -> type:
    values = {type(member.value) for member in kind}
    for storage in (int, str):
        if values <= {storage}:
            return storage
    raise TypeError("an enum's values must be all text or all integers")
