"""Fields: what a model's annotation and `field(...)` say about one column.

Rules of this file:
- The annotation gives the type; `X | None` means that the column may be NULL; `Text` is a string without a length.
- A field knows nothing of a database: how a type is stored is the driver's business (`Driver.codecs`).
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, overload
from uuid import UUID

from spica.orm.keys import check_kind, maker_of
from spica.orm.passwords import PasswordNote, coerce_hash
from spica.validation import CoercionFailed
from spica.validation.coerce import coercer

T = TypeVar("T")

# password, password_hash, api_token, otp_secret, reset_digest; not tokens_used or secretary.
_SECRET = re.compile(r"(?:^|_)(?:password|passwd|token|secret|digest)(?:_(?:hash|digest|encrypted))?$").search

SCALARS = (str, int, float, bool, datetime, date, Decimal, UUID, bytes)


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


@overload
def field(
    *,
    default: T,
    max: int | None = ...,
    unique: bool = ...,
    index: bool = ...,
    stamp: Literal["create", "save"] | None = ...,
    hidden: bool | None = ...,
    primary_key: bool = ...,
) -> T: ...


@overload
def field(
    *,
    default_factory: Callable[[], T],
    max: int | None = ...,
    unique: bool = ...,
    index: bool = ...,
    stamp: Literal["create", "save"] | None = ...,
    hidden: bool | None = ...,
    primary_key: bool = ...,
) -> T: ...


@overload
def field(
    *,
    max: int | None = ...,
    unique: bool = ...,
    index: bool = ...,
    stamp: Literal["create", "save"] | None = ...,
    hidden: bool | None = ...,
    primary_key: bool = ...,
) -> Any: ...


def field(
    *,
    default: Any = MISSING,
    default_factory: Callable[[], Any] | None = None,
    max: int | None = None,
    unique: bool = False,
    index: bool = False,
    stamp: Literal["create", "save"] | None = None,
    hidden: bool | None = None,
    primary_key: bool = False,
) -> Any:
    """Say more about a model's field than its annotation does.

    Args:    default: the value of a new record; default_factory: a function that makes it (lists, dicts, times);
             max: the longest text or list, checked by `save`; unique: no two rows have the same value, checked by
             `save` and, where the migration has the index, by the database; index: whether it is looked up often;
             stamp: a datetime set to now by each "save", or once by "create"; hidden: whether JSON leaves it out, by
             default what is called a password, token, secret or digest; primary_key: it names the row, in the place
             of `id`; several fields do so together.
    Example: title: str = field(max=200)
    """
    return FieldOptions(default, default_factory, max, unique, index, stamp, hidden, primary_key)


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
    position: its place in the row; text: whether it is `Text`;
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
        return not (self.nullable or self.options.stamp or self.password or self.is_made)

    @property
    def shown_as(self) -> str:
        """The name that messages are about."""
        return self.password or self.name

    @property
    def is_json(self) -> bool:
        """Whether the column holds a list or a dict."""
        return self.storage in (list, dict)

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
    coerce = coerce_hash if password else coercer(kind)
    if name in key:
        check_kind(kind, nullable)
    is_made = name in key and len(key) == 1 and maker_of((kind,)) != "program"
    storage = _storage(kind)
    return Field(name, kind, nullable, storage, text, position, options, coerce, password, name in key, is_made)


def unwrap(annotation: Any) -> tuple[Any, bool, list[object]]:
    """Take Annotated and None off an annotation: the type, whether None is allowed, the notes of Annotated."""
    notes: list[object] = []
    nullable = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            notes += more
        elif origin in (Union, types.UnionType):
            members = [member for member in get_args(annotation) if member is not types.NoneType]
            if len(members) != 1:
                raise TypeError(f"a column has one type, not {annotation}")
            nullable = nullable or len(members) < len(get_args(annotation))
            annotation = members[0]
        else:
            return annotation, nullable, notes


def _storage(kind: Any) -> type:
    if kind in SCALARS:
        return kind  # type: ignore[no-any-return]
    container = get_origin(kind) or kind
    if container in (list, dict):
        return container  # type: ignore[no-any-return]
    if isinstance(kind, type) and issubclass(kind, Enum):
        values = {type(member.value) for member in kind}
        if values <= {int}:
            return int
        if values <= {str}:
            return str
        raise TypeError("an enum's values must be all text or all integers")
    raise TypeError(
        "a column's type is str, Text, int, float, bool, datetime, date, Decimal, UUID, bytes, an Enum, list or dict"
    )
