"""What a user of models can get wrong, one class a mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spica.errors import SpicaError, closest
from spica.errors.http import BadRequest, Conflict, FieldError, NotFound, UnprocessableContent
from spica.validation import Errors


class OrmError(SpicaError):
    """Base of the errors of models and queries."""

    code = "SPICA-D100"


class ModelDefinitionError(OrmError):
    """A model's class can't work: a type no column has, a reserved name, a default that does not fit."""

    code = "SPICA-D101"


class UnknownField(OrmError):
    """A name that the model does not have was used in a constructor, a condition, an order or an update."""

    code = "SPICA-D102"


class ForbiddenAttributes(OrmError):
    """Request parameters reached a model without `permit`; a client could set any field (mass assignment)."""

    code = "SPICA-D103"


class QueryError(OrmError):
    """A query that means nothing: `and` between conditions, a negative limit, a value of another type."""

    code = "SPICA-D104"


class NotPersisted(OrmError):
    """`reload` or `destroy` was called on a record that is not in the database."""

    code = "SPICA-D105"


class StoredValueError(OrmError):
    """The database holds a value that its field can't have, such as text in a datetime or an enum's removed member."""

    code = "SPICA-D106"


class NotLoaded(OrmError):
    """A relation of a record was read that was not loaded; reading it there would be a query for each record."""

    code = "SPICA-D130"


class UnknownRelation(OrmError):
    """A name that is no relation of the model was used in `includes`, `load` or a join."""

    code = "SPICA-D131"


class RecordNotFound(NotFound):
    """No row has this id (or this one is gone). In a request it becomes 404.

    `model` is the model's name, `key` what was looked for.
    """

    def __init__(self, model: str, key: object, what: str = "") -> None:
        super().__init__(f"{model} not found")
        self.model = model
        self.key = key
        self._what = what or f"no {model} with id {key!r}"

    def __str__(self) -> str:
        return self._what


class InvalidCursor(BadRequest):
    """The token of a page is none of this query: altered, or of another order. In a request it becomes 400.

    `token` is what was given.
    """

    def __init__(self, token: object) -> None:
        super().__init__("the cursor is not valid")
        self.token = token

    def __str__(self) -> str:
        return (
            f"the cursor {self.token!r} is not valid: it was altered, or comes of a query with another order; "
            "begin again without one"
        )


class StaleRecord(Conflict):
    """The row was changed since the record was read (see `lock`). In a request it becomes 409.

    `model` is the model's name, `key` that of the row.
    """

    def __init__(self, model: str, key: object) -> None:
        super().__init__(f"{model} was changed by someone else meanwhile")
        self.model = model
        self.key = key

    def __str__(self) -> str:
        return (
            f"{self.model} with id {self.key!r} was changed since it was read: reload() it, and apply the change again"
        )


class NotDestroyed(Conflict):
    """A record can't be destroyed: others depend on it, or a callback refused. In a request it becomes 409.

    `record` is the record; its `errors` say why.
    """

    def __init__(self, record: Any, errors: Errors) -> None:
        super().__init__(f"{_name_of(record)} was not destroyed: {'; '.join(errors.full_messages)}")
        self.record = record


class ValidationError(UnprocessableContent):
    """`create` found the record invalid. In a request it becomes 422 with every field's messages.

    `record` is the invalid record; its `errors` hold the messages, also listed here as `errors`.
    """

    def __init__(self, record: object, errors: Errors) -> None:
        super().__init__(
            f"{_name_of(record)} is not valid: {'; '.join(errors.full_messages)}",
            errors=[FieldError("body", name, message) for name, message in errors],
        )
        self.record = record


class InvalidChangeset(ValidationError):
    """A changeset could not be applied or saved. In a request it becomes 422 with every field's messages.

    `changeset` is the changeset with all messages, those of the record's rules and of the database included.
    """

    def __init__(self, changeset: Any, record: object, errors: Errors) -> None:
        super().__init__(changeset.model if record is None else record, errors)
        self.record = record
        self.changeset = changeset


def unknown_field(model: str, name: object, known: Iterable[str], *, where: str = "") -> UnknownField:
    """Build the error for a name that a model does not have, with near matches."""
    names = list(known)
    near = closest(str(name), names)
    return UnknownField(
        f"{model} has no field {name!r}",
        where=where,
        fix=f"did you mean {near[0]!r}?" if near else f"its fields are {', '.join(names)}",
    )


def unknown_relation(model: str, name: object, known: Iterable[str]) -> UnknownRelation:
    """Build the error for a relation that a model does not have, with near matches."""
    names = list(known)
    near = closest(str(name), names)
    return UnknownRelation(
        f"{model} has no relation {name!r}",
        fix=f"did you mean {near[0]!r}?"
        if near
        else f"its relations are {', '.join(names)}"
        if names
        else f"declare it in {model}: {name}: TheModel = belongs_to()",
    )


def _name_of(record: object) -> str:
    return record.__name__ if isinstance(record, type) else type(record).__name__
