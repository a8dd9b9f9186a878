"""Fields as typed on the command line: `title:string:unique`, `author:references`, `rank:integer:default=1`.

Rules of this file:
- `name[:type[:modifier...]]`; the type is `string` when it is left out.
- Modifiers: `unique`, `index`, `null` (may be empty) and `default=VALUE`.
- What a type means for a model, a form and a test is in `field_types.py`.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from dataclasses import dataclass

from spica import inflection
from spica.errors import closest
from spica.generators.errors import BadField, UnknownFieldType
from spica.generators.field_types import FIELD_TYPES, FieldType
from spica.generators.names import ResourceNames

MODIFIERS = ("unique", "index", "null", "default=VALUE")
# Columns that every generated table has, and public names of Model that a field would hide (a test compares them).
GIVEN_FIELDS = frozenset(["id", "created_at", "updated_at"])
_MODEL_METHODS = (
    "all assign attributes authenticate authenticate_by average changed changeset count create cursor_page "
    "delete_all destroy distinct dup errors exists find find_by find_by_sql find_each find_or_create_by "
    "find_or_initialize_by first group ids in_batches includes insert_all joins last left_joins limit load "
    "maximum minimum new_record none offset order paginate persisted pick pluck query related reload "
    "reset_counters save select sole sum take to_dict to_param unscoped update update_all upsert upsert_all "
    "valid where where_not "
)
MODEL_NAMES = frozenset(_MODEL_METHODS.split())


@dataclass(frozen=True)
class Field:
    """One field of a resource; `default` is a Python literal, None when there is none."""

    name: str
    type: FieldType
    unique: bool = False
    index: bool = False
    null: bool = False
    default: str | None = None

    @property
    def attribute(self) -> str:
        """What the model calls the value: `author_id` for a reference, else the name."""
        return f"{self.name}_id" if self.is_reference else self.name

    @property
    def title(self) -> str:
        """What people read: `Author`, `Published on`."""
        return inflection.title(self.name)

    @property
    def is_reference(self) -> bool:
        """Whether the field points at another model."""
        return self.type.name == "references"

    @property
    def is_password(self) -> bool:
        """Whether the field can be set and never read: what the table has is its hash."""
        return self.type.name == "password"

    @property
    def column(self) -> tuple[str, str]:
        """Name and type of its column as `m.add_column` takes them, without the "_id" of a reference."""
        return (f"{self.name}_hash", "string") if self.is_password else (self.name, self.type.name)

    @property
    def column_default(self) -> str | None:
        """Default of the column: the given one, and False for a boolean that may not be null."""
        implied = "False" if self.type.name == "boolean" and not self.null else None
        return self.default if self.default is not None else implied

    @property
    def required(self) -> bool:
        """Whether an empty value must be refused: text and references that may not be null and have no default."""
        return not self.null and self.default is None and (self.type.textual or self.is_reference)

    @property
    def indexed(self) -> bool:
        """Whether an index must be added; the column of a reference brings its own."""
        return self.unique or (self.index and not self.is_reference)

    @property
    def target(self) -> ResourceNames:
        """Names of the model that a reference points at."""
        return ResourceNames.parse(self.name)


def parse_fields(words: Iterable[str]) -> list[Field]:
    """Read all field arguments of a command.

    Args:    words: each `name[:type[:modifier...]]`.
    Returns: the fields, in order; [] for no words.
    Raises:  BadField for a bad name, modifier or default, or a name given twice; UnknownFieldType.
    """
    fields: list[Field] = []
    for word in words:
        field = parse_field(word)
        if any(field.attribute == other.attribute for other in fields):
            raise BadField(f'the field "{field.name}" is given twice', where=word)
        fields.append(field)
    return fields


def parse_field(word: str) -> Field:
    """Read one field argument; see `parse_fields`."""
    name, _, rest = word.partition(":")
    type_name, *modifiers = rest.split(":") if ":" in word else ["string"]
    _check_name(name, word)
    field_type = FIELD_TYPES.get(type_name)
    if field_type is None:
        raise _unknown_type(type_name, word)
    flags = {modifier for modifier in modifiers if modifier in ("unique", "index", "null")}
    default = _parse_default(field_type, modifiers, word)
    if field_type.name == "password" and flags - {"null"}:
        raise BadField(
            "a password is neither unique nor looked up", where=word, why="its column holds a hash, with a salt"
        )
    return Field(name, field_type, "unique" in flags, "index" in flags, "null" in flags, default)


def _check_name(name: str, word: str) -> None:
    if not name.isascii() or not name.isidentifier() or name != inflection.snake(name) or name.startswith("_"):
        raise BadField(f'"{name}" cannot name a field', where=word, fix="write it in snake_case, such as published_on")
    if keyword.iskeyword(name):
        raise BadField(f'"{name}" cannot name a field', where=word, why=f"{name} is a word of Python")
    if name in GIVEN_FIELDS:
        raise BadField(
            f'the field "{name}" is there already', where=word, why="every generated table has it", fix="leave it out"
        )
    if name in MODEL_NAMES:
        raise BadField(
            f'"{name}" cannot name a field', where=word, why=f"models have a method {name}", fix="choose another name"
        )


def _unknown_type(type_name: str, word: str) -> UnknownFieldType:
    near = closest(type_name, FIELD_TYPES)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(FIELD_TYPES)}"
    return UnknownFieldType(f'unknown field type "{type_name}" in {word}; {hint}')


def _parse_default(field_type: FieldType, modifiers: list[str], word: str) -> str | None:
    default = None
    for modifier in modifiers:
        key, equals, text = modifier.partition("=")
        if key == "default" and equals:
            default = _default_literal(field_type, text, word)
        elif modifier not in MODIFIERS:
            near = closest(modifier, MODIFIERS)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(MODIFIERS)}"
            raise BadField(f'unknown modifier "{modifier}" in {word}; {hint}')
    return default


def _default_literal(field_type: FieldType, text: str, word: str) -> str:
    if field_type.parse_default is None:
        raise BadField(
            f"a {field_type.name} takes no default on the command line", where=word, fix="write it in the model"
        )
    try:
        return field_type.parse_default(text)
    except (ValueError, KeyError, ArithmeticError):
        kind = f"{inflection.article(field_type.name)} {field_type.name}"
        raise BadField(f'"{text}" is not {kind}', where=word) from None
