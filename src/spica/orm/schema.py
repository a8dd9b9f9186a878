"""Schema: everything a model's class says, worked out once when the class is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spica.orm.callbacks import Callbacks, Condition
from spica.orm.errors import ForbiddenAttributes, QueryError, UnknownField, unknown_field, unknown_relation
from spica.orm.fields import Field
from spica.orm.keys import Key
from spica.orm.passwords import PasswordAccess
from spica.orm.relations.relation import Relation
from spica.validation import Rule

DESTROY_EVENTS = (
    "before_destroy",
    "around_destroy",
    "after_destroy",
    "after_commit",
    "after_destroy_commit",
    "after_rollback",
)


@dataclass(frozen=True, slots=True)
class Unique:
    """No other row has the value: among those with the same values of `scope`, capital letters or not."""

    scope: tuple[str, ...] = ()
    case: bool = True


@dataclass(frozen=True, slots=True)
class FieldRules:
    """The rules of one `validates(...)` line for one field: `on` and `condition` say when, `message` in which words."""

    name: str
    rules: tuple[Rule, ...]
    unique: Unique | None = None
    on: Literal["create", "update"] | None = None
    condition: Condition | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """What is known of a model: its name, table, fields in row order, rules and callbacks.

    deletion: the field that marks a row as deleted, if any; relations: by name; parents: those whose targets a save
    changes, counters and times; dependents: those whose records a destroy concerns; make: builds an instance from one
    value per field, in order, without conversion; computed: what the database may compute; guarded: what a save may
    not change; by_column: names of fields.
    """

    model: str
    table: str
    fields: tuple[Field, ...]
    rules: tuple[FieldRules, ...]
    callbacks: Callbacks
    make: Callable[..., Any]
    passwords: Mapping[str, PasswordAccess] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    by_name: Mapping[str, Field] = field(init=False)
    key: Key = field(init=False)
    lock: Field | None = field(init=False)
    deletion: Field | None = field(init=False)
    stamped: tuple[Field, ...] = field(init=False)
    hidden: frozenset[str] = field(init=False)
    parents: tuple[Relation, ...] = field(init=False)
    dependents: tuple[Relation, ...] = field(init=False)
    computed: tuple[Field, ...] = field(init=False)
    guarded: tuple[Field, ...] = field(init=False)
    by_column: Mapping[str, str] = field(init=False)
    _assigned: Mapping[str, Field | None] = field(init=False)
    _defaults: list[Any] = field(init=False)
    _factories: list[tuple[int, Callable[[], Any]]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {field.name: field for field in self.fields})
        object.__setattr__(self, "deletion", next((field for field in self.fields if field.options.deletion), None))
        object.__setattr__(self, "lock", next((field for field in self.fields if field.options.lock), None))
        object.__setattr__(self, "key", Key(self.model, tuple(field for field in self.fields if field.is_key)))
        object.__setattr__(self, "hidden", frozenset(field.name for field in self.fields if field.is_hidden))
        object.__setattr__(self, "stamped", tuple(field for field in self.fields if field.options.stamp))
        known = tuple(self.relations.values())
        object.__setattr__(
            self, "parents", tuple(one for one in known if one.options.counter_cache or one.options.touch)
        )
        dependents = tuple(one for one in known if one.options.dependent or one.kind == "many_to_many")
        object.__setattr__(self, "dependents", dependents)
        object.__setattr__(self, "computed", tuple(field for field in self.fields if field.is_computed))
        guarded = tuple(field for field in self.fields if field.is_generated or field.options.readonly)
        object.__setattr__(self, "guarded", guarded)
        object.__setattr__(self, "by_column", {field.column: field.name for field in self.fields})
        self._prepare_new()

    def _prepare_new(self) -> None:
        """Work out what a new record is made of: 40 % of what asking each field took."""
        factories = [(field.position, field.options.default_factory) for field in self.fields]
        made = [(position, factory) for position, factory in factories if factory is not None]
        defaults = [None if field.options.default_factory else field.default() for field in self.fields]
        assigned: dict[str, Field | None] = {
            field.name: field for field in self.fields if field.options.init and not field.is_generated
        }
        assigned |= dict.fromkeys([*self.passwords, *self.relations])
        object.__setattr__(self, "_assigned", assigned)
        object.__setattr__(self, "_defaults", defaults)
        object.__setattr__(self, "_factories", made)

    def __repr__(self) -> str:
        return f"<schema of {self.model}>"

    def field(self, name: object) -> Field:
        """Find a field by its name. Raises UnknownField with near matches."""
        found = self.by_name.get(name)  # type: ignore[call-overload]
        if found is None and name in self.passwords:
            raise UnknownField(
                f"{self.model}.{name} is no column",
                why=f"a password is kept as its hash, in {self.model}.{name}_hash",
                fix=f"set it on a record: record.{name} = ...; find by it: {self.model}.authenticate_by(...)",
            )
        if found is None:
            raise unknown_field(self.model, name, self.by_name)
        return found  # type: ignore[no-any-return]

    def written_field(self, name: object) -> Field:
        """Find a field that a statement may write. Raises UnknownField, and QueryError for a computed one."""
        found = self.field(name)
        if found.is_generated:
            raise QueryError(
                f"{self.model}.{found.name} can't be written",
                why=f"the database computes it: {found.options.generated}",
                fix="write the fields that it is computed from",
            )
        return found

    def new(self) -> Any:
        """Make a new record: the fields have their defaults."""
        values = self._defaults
        if self._factories:
            values = values.copy()
            for position, factory in self._factories:
                values[position] = factory()
        record = self.make(*values)
        record._row = None
        return record

    def _refusal(self, name: str) -> Exception:
        """Build the error for a name that no value can be assigned by."""
        found = self.field(name)
        return ForbiddenAttributes(
            f"{self.model}.{name} can't be given by name",
            why="the database computes it" if found.is_generated else "it was declared with field(init=False)",
            fix="leave it out" if found.is_generated else f"set it on the record: record.{name} = ...",
        )

    def assign(self, record: Any, values: Mapping[str, Any]) -> None:
        """Set several fields of a record, converted. Raises UnknownField, ForbiddenAttributes; nothing is set then."""
        fields = self._assigned
        if not values.keys() <= fields.keys():
            raise self._refusal(next(name for name in values if name not in fields))
        for name, value in values.items():
            field = fields[name]
            if field is None or value is None or type(value) is field.kind:  # spares most values a call
                setattr(record, name, value)
            else:
                setattr(record, name, field.accept(value))

    def relation(self, name: object) -> Relation:
        """Find a relation by its name. Raises UnknownRelation with near matches."""
        found = self.relations.get(name)  # type: ignore[call-overload]
        if found is None:
            raise unknown_relation(self.model, name, self.relations)
        return found  # type: ignore[no-any-return]

    def has_callbacks(self, *events: str) -> bool:
        """Whether a method runs at any of these events."""
        return any(event in self.callbacks for event in events)
