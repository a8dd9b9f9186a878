"""Passwords of models: `password: Password` is a column `password_hash` and a name that can be set and never read.

Rules of this file:
- The column holds an Argon2id hash, made by spica.security.passwords in a thread after the record was found valid.
- What was assigned stays in the record as a NewPassword, which no repr, JSON, log or pickle shows.
- Who isn't there costs as much as a wrong password: `authenticate_by` always computes one hash.
- A hash of another cost than today's is made anew when its password was right.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NoReturn, Self

from spica.orm.errors import ModelDefinitionError
from spica.security.errors import PasswordRefused, PasswordsBusy
from spica.security.passwords import passwords
from spica.validation import CoercionFailed, Message
from spica.validation.messages import BLANK

if TYPE_CHECKING:
    from spica.orm.schema import Schema


@dataclass(frozen=True, slots=True)
class PasswordNote:
    """Marks an annotation: by itself a password, with a name the column that holds that password's hash."""

    name: str = ""

    def __repr__(self) -> str:
        return "Password"


Password = Annotated[str, PasswordNote()]
"""The type of a password's field: `password: Password`, a column `password_hash`."""


class NewPassword:
    """A password that was assigned and is not hashed yet."""

    __slots__ = ("text",)

    def __init__(self, text: object) -> None:
        self.text = text

    def __repr__(self) -> str:
        return "<password, hashed by save>"

    def __json__(self) -> None:
        return None

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a password that is not hashed yet can't be pickled; save the record first")


class PasswordAccess:
    """`record.password`: can be set and not read. Keeps what belongs to it as `record.password_hash`."""

    __slots__ = ("column", "name", "nullable")

    def __init__(self, name: str, *, nullable: bool) -> None:
        self.name = name
        self.column = f"{name}_hash"
        self.nullable = nullable

    def __get__(self, record: object, owner: Any = None) -> Self:
        if record is None:
            return self
        raise AttributeError(
            f"{type(record).__name__}.{self.name} can be set and not read; compare by: await record.authenticate(...)"
        )

    def __set__(self, record: Any, value: object) -> None:
        if value is None:
            setattr(record, self.column, None)
        elif value != "":  # an empty form control leaves the password as it is
            setattr(record, self.column, NewPassword(value))

    def assigned(self, record: Any) -> object:
        """What was assigned and not hashed yet; None when nothing was."""
        value = getattr(record, self.column)
        return value.text if type(value) is NewPassword else None

    def check(self, record: Any) -> Message | None:
        """Judge what was assigned. Returns the message about the field, None when it is fine or was not changed."""
        value = getattr(record, self.column)
        if value is None:
            return None if self.nullable else BLANK
        if type(value) is not NewPassword or not isinstance(value.text, str):
            return None
        try:
            passwords.check(value.text)
        except PasswordRefused as refused:
            return refused.reason
        return None

    async def hash(self, record: Any) -> None:
        """Put the hash in the place of what was assigned, if anything was. Raises PasswordsBusy."""
        value = getattr(record, self.column)
        if type(value) is NewPassword:
            setattr(record, self.column, await passwords.hash(str(value.text), check=False))


def coerce_hash(value: object) -> object:
    """Convert what is assigned to the column of a hash."""
    if type(value) is NewPassword:
        if not isinstance(value.text, str):
            raise CoercionFailed("must be text")
        return value
    if not isinstance(value, str):
        raise CoercionFailed("must be text")
    return value


class Authentication:
    """What models with a `Password` field can do."""

    __slots__ = ()

    if TYPE_CHECKING:
        __schema__: ClassVar[Schema]
        _row: Any

    async def authenticate(self, password: object, *, by: str = "password") -> bool:
        """Tell whether a password is the record's, the one that is saved.

        Args:    password: as it was typed; by: the name of the `Password` field.
        Raises:  ModelDefinitionError for a model without that field; PasswordsBusy, a 503 in a request.
        Example: if user is not None and await user.authenticate(self.params["password"]): ...
        """
        access = _password_of(self.__schema__, by)
        position = self.__schema__.field(access.column).position
        saved: str | None = None if self._row is None else self._row[position]
        if not await passwords.verify(password if isinstance(password, str) else "", saved) or saved is None:
            return False
        if passwords.needs_rehash(saved):
            with suppress(PasswordsBusy):  # the next login does it
                await _rehash(self, access, position, str(password))
        return True

    @classmethod
    async def authenticate_by(cls, *, by: str = "password", **values: Any) -> Self | None:
        """Find the record with these values and this password, in the same time whether there is one or not.

        Args:    values: the password, and at least one field to find the record by; by: the `Password` field.
        Returns: the record; None when there is none, or the password is another.
        Raises:  ModelDefinitionError, UnknownField; PasswordsBusy, a 503 in a request.
        Example: user = await User.authenticate_by(email=email, password=password)
        """
        access = _password_of(cls.__schema__, by)
        password = values.pop(by, None)
        if not values:
            raise ModelDefinitionError(
                f"{cls.__schema__.model}.authenticate_by was given nothing to find a record by",
                fix=f"await {cls.__schema__.model}.authenticate_by(email=..., {access.name}=...)",
            )
        model: Any = cls
        record: Any = None
        with suppress(CoercionFailed):  # a value that no row can have finds nobody
            found_by = {name: cls.__schema__.field(name).convert(value) for name, value in values.items()}
            if None not in found_by.values():
                record = await model.find_by(**found_by)
        if record is None:
            await passwords.verify(password if isinstance(password, str) else "", None)
            return None
        return record if await record.authenticate(password, by=by) else None


async def _rehash(record: Any, access: PasswordAccess, position: int, password: str) -> None:
    """Write a hash of today's cost, unless the password was changed meanwhile."""
    model, saved = type(record), record._row[position]
    hashed = await passwords.hash(password, check=False)
    same = {name: getattr(record, name) for name in model.__schema__.key.names}
    if await model.where(**same, **{access.column: saved}).update_all(**{access.column: hashed}):
        if getattr(record, access.column) == saved:
            setattr(record, access.column, hashed)
        record._row = (*record._row[:position], hashed, *record._row[position + 1 :])


def _password_of(schema: Schema, name: str) -> PasswordAccess:
    access = schema.passwords.get(name)
    if access is None:
        raise ModelDefinitionError(
            f"{schema.model} has no password {name!r} to authenticate with",
            fix=f"declare it: {name}: Password, with a column {name}_hash" if not schema.passwords else "",
        )
    return access
