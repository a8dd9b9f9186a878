"""Changesets: what a form wants to change in a record, checked before the record is touched.

Rules of this file:
- A changeset is never changed: each method answers with a new one.
- `cast` names the fields that may come from outside; no other does. Values become their field's type or a message.
- Rules look at changes only, `validate_required` also at the record's own values. They are those of `validates`.
- Constraints are declared here and checked by the database, when `repo` saves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, Protocol, Self, TypeVar, overload

from spica.db.errors import ConstraintKind
from spica.orm.constraints import Constraint
from spica.orm.errors import InvalidChangeset, UnknownField
from spica.orm.nesting import Nested, NestingOptions, cast_nested
from spica.orm.schema import Schema
from spica.validation import CoercionFailed, Errors, Message, Rule, build_rules, coerce
from spica.validation.messages import BLANK, INVALID, MUST_EXIST, TAKEN

M = TypeVar("M")


class Source(Protocol):
    """Where a changeset takes values from: a dict, or a request's Params, permitted or not."""

    def __contains__(self, name: object, /) -> bool: ...

    def __getitem__(self, name: str, /) -> Any: ...

    def get(self, name: str, default: Any, /) -> Any: ...


class Changeset(Generic[M]):
    """Changes to a new or an existing record. Make one by `User.changeset(params)` or `user.changeset(params)`.

    record: what is to be changed, None for a new one; params: what was sent; changes: the new values, by field, of
    those that differ; errors: what is wrong with them.

    Example:
        changeset = (
            User.changeset(params)
            .cast("name", "email")
            .validate_required("name", "email")
            .unique_constraint("email")
        )
        if changeset.valid:
            user = await repo.insert(changeset)
    """

    __slots__ = ("changes", "constraints", "errors", "model", "nested", "params", "record")

    def __init__(
        self,
        model: type[M],
        record: M | None,
        params: Source,
        *,
        changes: Mapping[str, Any] | None = None,
        errors: Errors | None = None,
        constraints: tuple[Constraint, ...] = (),
        nested: tuple[Nested, ...] = (),
    ) -> None:
        self.model = model
        self.record = record
        self.params = params
        self.changes: Mapping[str, Any] = changes or {}
        self.errors = errors or Errors()
        self.constraints = constraints
        self.nested = nested

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong so far. The database may still refuse the row."""
        return not self.errors

    def value(self, name: str) -> Any:
        """The value of a field as it would be: the change, else the record's, else the default of a new one."""
        if name in self.changes:
            return self.changes[name]
        access = self._schema.passwords.get(name)
        field = self._schema.field(name if access is None else access.column)
        return field.default() if self.record is None else getattr(self.record, field.name)

    def cast(self, *names: str) -> Self:
        """Take values of these fields from the params, converted to the fields' types.

        A value that does not fit is a message; one that is what the record has already is no change.
        Raises:  UnknownField.
        """
        changes, errors = dict(self.changes), self.errors.copy()
        for name in names:
            before = self.value(name)
            if name not in self.params or (name in self._schema.passwords and self.params[name] == ""):
                continue  # an empty control leaves a password as it is
            try:
                value = self._convert(name, self.params[name])
            except CoercionFailed as problem:
                errors.add(name, problem.message)
                continue
            if value != before:
                changes[name] = value
            else:
                changes.pop(name, None)
        return self._with(changes=changes, errors=errors)

    def cast_assoc(
        self,
        name: str,
        build: Callable[[Changeset[Any]], Changeset[Any]],
        *,
        destroy: bool = False,
        skip_blank: bool = False,
        most: int = 100,
    ) -> Self:
        """Take records of a has_many or has_one from the params, each by a changeset of its own; `repo` saves them.

        Args:    build: from the changeset of one record to what may be cast and must hold; destroy: whether `_destroy`
                 in a group destroys its record; skip_blank: leave out new ones without any value; most: how many
                 groups there may be.
        Raises:  UnknownRelation; NotLoaded where the record's own were not loaded; QueryError for other relations.
        Example: Post.changeset(post, params).cast("title").cast_assoc("comments", lambda comment: comment.cast("text"))
        """
        nested, problems = cast_nested(self, name, build, NestingOptions(destroy, skip_blank, most))
        errors = self.errors.copy()
        errors.update(problems)
        return self._with(errors=errors, nested=(*self.nested, *nested))

    def put(self, **values: Any) -> Self:
        """Set values that do not come from outside. Raises UnknownField; one that does not fit is a message."""
        cast = type(self)(
            self.model, self.record, values, changes=self.changes, errors=self.errors, constraints=self.constraints
        ).cast(*values)
        return self._with(changes=cast.changes, errors=cast.errors)

    def add_error(self, name: str, message: str, *, code: str = "invalid", **parameters: Any) -> Self:
        """Add a message about a field, or about "base", the whole."""
        errors = self.errors.copy()
        errors.add(name, message, code=code, **parameters)
        return self._with(errors=errors)

    # -- rules --------------------------------------------------------------------------------------------------------

    def validate_required(self, *names: str, message: str | None = None) -> Self:
        """Refuse when one of these has no value, neither in the changes nor in the record."""
        [rule] = build_rules(presence=True)
        errors = self.errors.copy()
        for name in names:
            if name not in errors and rule.check(self.value(name)) is not None:
                errors.add(name, BLANK.reworded(message))
        return self._with(errors=errors)

    def validate_format(self, name: str, pattern: str, *, message: str | None = None) -> Self:
        """Refuse a text that does not match; `^...$` means the whole text."""
        return self._check(name, build_rules(format=pattern), message)

    def validate_length(
        self,
        name: str,
        *,
        min: int | None = None,
        max: int | None = None,
        exactly: int | None = None,
        message: str | None = None,
    ) -> Self:
        """Refuse what has too few or too many characters, or items."""
        length = {"min": min, "max": max} if exactly is None else {"exactly": exactly}
        return self._check(name, build_rules(length=length), message)

    def validate_number(self, name: str, *, message: str | None = None, **bounds: Any) -> Self:
        """Refuse a number out of bounds: ge, gt, le, lt, eq, ne, odd, even, integer."""
        return self._check(name, build_rules(number=bounds), message)

    def validate_inclusion(self, name: str, options: Collection[object], *, message: str | None = None) -> Self:
        """Refuse what is none of the options."""
        return self._check(name, build_rules(inclusion=options), message)

    def validate_exclusion(self, name: str, options: Collection[object], *, message: str | None = None) -> Self:
        """Refuse what is one of the options."""
        return self._check(name, build_rules(exclusion=options), message)

    def validate_confirmation(self, name: str, *, message: str | None = None) -> Self:
        """Refuse when `<name>_confirmation` was sent and is not the same as `<name>`; the message is about it."""
        second = f"{name}_confirmation"
        if second not in self.params or (name in self.params and self.params[name] == self.params[second]):
            return self
        problem = Message(f"doesn't match {name.replace('_', ' ')}", "confirmation", attribute=name)
        return self._add(second, problem.reworded(message))

    def validate_acceptance(self, name: str, *, message: str | None = None) -> Self:
        """Refuse when a box was not ticked. The name need not be a field."""
        try:
            accepted = coerce(self.params.get(name, False), bool)
        except CoercionFailed:
            accepted = False
        return self if accepted else self._add(name, Message("must be accepted", "accepted").reworded(message))

    def validate_change(self, name: str, check: Callable[[Any], str | None]) -> Self:
        """Judge a change by a function: it answers with a message, or None when the value is fine."""
        if name not in self.changes:
            return self
        message = check(self.changes[name])
        return self if message is None else self._add(name, message)

    def validate(self, check: Callable[[Self], Self]) -> Self:
        """Hand the changeset to a function that answers with it, or with `changeset.add_error(...)`."""
        return check(self)

    # -- constraints --------------------------------------------------------------------------------------------------

    def unique_constraint(self, field: str, *, name: str | None = None, message: str | None = None) -> Self:
        """Expect that a unique index may refuse the row. `name`: the index, where the columns don't tell the field."""
        return self._expect("unique", field, name, TAKEN.reworded(message))

    def foreign_key_constraint(self, field: str, *, name: str | None = None, message: str | None = None) -> Self:
        """Expect that the row this field refers to may not exist."""
        return self._expect("foreign key", field, name, MUST_EXIST.reworded(message))

    def check_constraint(self, field: str, *, name: str, message: str | None = None) -> Self:
        """Expect that the check constraint of this name may refuse the row."""
        return self._expect("check", field, name, INVALID.reworded(message))

    # -- using it -----------------------------------------------------------------------------------------------------

    def apply(self) -> M:
        """Make the record, or change the existing one, without saving. Raises InvalidChangeset when it is not valid."""
        if self.errors:
            raise InvalidChangeset(self, self.record, self.errors)
        record = self.model() if self.record is None else self.record
        self._schema.assign(record, self.changes)
        return record

    def with_errors(self, errors: Errors) -> Self:
        """The same changeset with more messages."""
        merged = self.errors.copy()
        merged.update(errors)
        return self._with(errors=merged)

    @property
    def _schema(self) -> Schema:
        return self.model.__schema__  # type: ignore[attr-defined, no-any-return]  # every model has one

    def _convert(self, name: str, value: Any) -> Any:
        if name in self._schema.passwords:
            return coerce(value, str)
        field = self._schema.field(name)
        if value is not None:
            return field.convert(value)
        if field.is_required:
            raise CoercionFailed("can't be blank")
        return None

    def _check(self, name: str, rules: list[Rule], message: str | None) -> Self:
        if name not in self.changes:
            self.value(name)  # a name that is no field is a mistake, whatever was sent
            return self
        found = [problem for rule in rules if (problem := rule.check(self.changes[name])) is not None]
        return self._add(name, *(problem.reworded(message) for problem in found))

    def _add(self, name: str, *messages: str) -> Self:
        errors = self.errors.copy()
        for message in messages:
            errors.add(name, message)
        return self._with(errors=errors)

    def _expect(self, kind: ConstraintKind, field: str, name: str | None, message: Message) -> Self:
        if field != "base":
            self._schema.field(field)
        return self._with(constraints=(*self.constraints, Constraint(kind, field, message, name)))

    def _with(
        self,
        *,
        changes: Mapping[str, Any] | None = None,
        errors: Errors | None = None,
        constraints: tuple[Constraint, ...] | None = None,
        nested: tuple[Nested, ...] | None = None,
    ) -> Self:
        return type(self)(
            self.model,
            self.record,
            self.params,
            changes=self.changes if changes is None else changes,
            errors=self.errors if errors is None else errors,
            constraints=self.constraints if constraints is None else constraints,
            nested=self.nested if nested is None else nested,
        )

    def __repr__(self) -> str:
        state = "valid" if self.valid else repr(self.errors)
        return f"<Changeset of {self.model.__name__}: {', '.join(self.changes) or 'no changes'}; {state}>"


class ChangesetAccess:
    """`User.changeset(params)`, `User.changeset(user_or_none, params)` and `user.changeset(params)`."""

    @overload
    def __get__(self, record: None, model: type[M]) -> Callable[..., Changeset[M]]: ...

    @overload
    def __get__(self, record: M, model: type[M]) -> Callable[..., Changeset[M]]: ...

    def __get__(self, record: M | None, model: type[M]) -> Callable[..., Changeset[M]]:
        def changeset(*given: Any) -> Changeset[M]:
            """Start a changeset from the record, if one is given, and the params."""
            of = record
            if of is None and given and (isinstance(given[0], model) or (given[0] is None and len(given) > 1)):
                of, *given = given  # type: ignore[assignment]  # a list does as well
            if len(given) > 1:
                raise UnknownField(
                    f"{model.__name__}.changeset takes a record and params, got {len(given)} values more",
                    fix="write User.changeset(params), User.changeset(user, params) or user.changeset(params)",
                )
            return Changeset(model, of, given[0] if given and given[0] is not None else {})

        return changeset
