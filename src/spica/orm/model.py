"""Model: the base of a project's models.

An instance is a msgspec Struct with two more slots: the row it was read from (what `changed` compares with) and the
messages of its last validation. Both stay out of JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self
from weakref import ref

from msgspec.structs import astuple

from spica.db.driver import Row
from spica.orm import declaration
from spica.orm.changes import UNREAD, list_changed
from spica.orm.changeset import ChangesetAccess
from spica.orm.checking import check_record
from spica.orm.declaration import ModelMeta, permitted
from spica.orm.destroying import destroy_record
from spica.orm.dictionaries import build_copy, build_dict
from spica.orm.errors import ValidationError
from spica.orm.passwords import Authentication
from spica.orm.persistence import reload_record, save_record
from spica.orm.querying import Querying
from spica.orm.relations.access import forget, kept_relations
from spica.orm.relations.loading import load_paths
from spica.orm.relations.peers import peers_of
from spica.orm.relations.writing.related import Related, related
from spica.telemetry.redaction import HIDDEN
from spica.validation import Errors

if TYPE_CHECKING:

    class Struct:  # to a checker msgspec's own is a dataclass, with an __init__ that models don't have
        __struct_fields__: ClassVar[tuple[str, ...]]
else:
    from msgspec import Struct


values_of: Callable[[Any], tuple[Any, ...]] = astuple


class _State:
    __slots__ = ("_errors", "_loaded", "_row")

    if TYPE_CHECKING:  # annotations would make them fields
        _row: Row | None
        _errors: Errors
        _loaded: dict[str, Any] | list[ref[Any]] | None  # relations by name, or the peers alone


class _Hidden:
    """Stands for a hidden value in a record's repr."""

    def __repr__(self) -> str:
        return HIDDEN


class Model(_State, Querying, Authentication, Struct, metaclass=ModelMeta):
    """Base class of models. Annotations are columns; a model has an `id: int` unless it says another key.

    Example:
        class Post(Model, Timestamps):
            title: str = field(max=200)
            body: Text
            published: bool = False

            validates("title", presence=True, length=(3, 200))

        post = await Post.create(title="Hello", body="...")
        posts = await Post.where(published=True).order("-created_at").limit(20)
    """

    if TYPE_CHECKING:
        id: Any  # an int, unless the model's own annotation says another; none with field(primary_key=True)

        def __init__(self, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> None: ...

    changeset = ChangesetAccess()

    @classmethod
    async def create(cls, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Make a record and save it. Raises ValidationError, with every message, when it is not valid."""
        record = cls(attributes, **named)
        if not await record.save():
            raise ValidationError(record, record.errors)
        return record

    async def save(self, *, validate: bool = True) -> bool:
        """Validate the record and write what changed.

        Args:    validate: False skips the rules; values must still have their fields' types.
        Returns: whether it was saved; if not, `errors` says why.
        Raises:  RecordNotFound when the row is gone; DatabaseError and its subclasses.
        """
        return await save_record(self, validate=validate)

    async def update(self, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> bool:
        """Assign values and save. Returns whether it was saved."""
        self.assign(attributes, **named)
        return await self.save()

    def assign(self, attributes: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Set several fields, converted to their types, without saving.

        Raises:  UnknownField, ForbiddenAttributes; nothing is set then.
        """
        schema = type(self).__schema__
        given = named if attributes is None else {**permitted(schema.model, attributes), **named}
        schema.assign(self, given)

    async def destroy(self) -> Self:
        """Delete the record's row. Raises NotPersisted for a record that was never saved."""
        await destroy_record(self)
        return self

    async def reload(self) -> Self:
        """Read the row again, dropping changes. Raises RecordNotFound when it is gone."""
        await reload_record(self)
        forget(self)
        return self

    __preload__ = staticmethod(load_paths)

    async def load(self, *paths: str) -> Self:
        """Load relations of this record, and by the same queries those of the records that came with it.

        Args:    paths: names of relations, a dot going on from there: "author", "comments.author".
        Raises:  UnknownRelation with near matches.
        """
        await load_paths(peers_of(self), paths)
        return self

    def related(self, name: str) -> Related[Any]:
        """What a relation leads to, as a query that can be written: `post.related("comments").create(...)`.

        Raises:  UnknownRelation with near matches; NotPersisted for a record that is not in the database.
        """
        return related(self.__schema__.relation(name), self)

    async def valid(self) -> bool:
        """Validate without saving; the messages are in `errors`."""
        self._errors = Errors()
        return await check_record(self, self._errors)

    @property
    def errors(self) -> Errors:
        """The messages of the last `save` or `valid`; empty before."""
        try:
            return self._errors
        except AttributeError:
            self._errors = Errors()
            return self._errors

    @property
    def changed(self) -> list[str]:
        """The fields that differ from the database; for a new record, from the defaults."""
        return list_changed(self)

    @property
    def persisted(self) -> bool:
        """Whether the record is in the database."""
        return self._row is not None

    @property
    def new_record(self) -> bool:
        """Whether the record is not in the database: not saved yet, or destroyed."""
        return self._row is None

    def to_param(self) -> str:
        """The record as part of a URL: its key."""
        return type(self).__schema__.key.param(self)

    def to_dict(
        self,
        *,
        only: Iterable[str] | None = None,
        except_: Iterable[str] = (),
        include: str | Iterable[str] = (),
    ) -> dict[str, Any]:
        """The fields by name, the hidden ones among them.

        Args:    only: these fields alone; except_: all but these; include: relations that are loaded, as "author" or
                 "comments.author": their records as dicts too, without what is hidden.
        Raises:  UnknownField and UnknownRelation with near matches, NotLoaded.
        """
        if only is None and not except_ and not include:
            return dict(zip(self.__struct_fields__, values_of(self), strict=True))
        return build_dict(self, only, except_, include)

    @property
    def attributes(self) -> dict[str, Any]:
        """The fields by name, as `to_dict()`."""
        return self.to_dict()

    def dup(self) -> Self:
        """A new record, not saved, with this one's values; the database and `save` give it a key, timestamps and what
        else is theirs to give.
        """
        copy: Self = build_copy(self)
        return copy

    def __json__(self) -> dict[str, Any]:
        """What JSON shows of a record: its fields without the hidden ones; yours may return something else."""
        hidden = self.__schema__.hidden
        return {name: value for name, value in self.to_dict().items() if name not in hidden}

    def __cache_key__(self) -> object:
        """What a cache keeps something under that shows this record: its class and its fields as they are now."""
        return f"{type(self).__module__}.{type(self).__qualname__}", values_of(self)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return self._shown()

    def _shown(self) -> list[tuple[str, Any]]:
        hidden = self.__schema__.hidden
        return [
            (name, _Hidden() if name in hidden and value is not None else value)
            for name, value in self.to_dict().items()
        ]

    def __eq__(self, other: object) -> bool:
        """Two records are equal when they are the same row, or the same object."""
        if self is other or type(self) is not type(other):
            return self is other
        of = type(self).__schema__.key.of
        key = of(self)
        return key is not None and bool(key == of(other))

    def __hash__(self) -> int:
        key = type(self).__schema__.key.of(self)
        return hash((type(self).__name__, key)) if key is not None else object.__hash__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.__struct_fields__, values_of(self), self._row, kept_relations(self))


def _restore(
    model: Any, names: tuple[str, ...], values: tuple[Any, ...], row: Row | None, loaded: dict[str, Any] | None
) -> Any:
    """Unpickle a record, maybe one of an older version of its model: fields that are gone are dropped, new ones have
    their defaults.
    """
    fields = model.__schema__.fields
    if names != model.__struct_fields__:
        by_name = dict(zip(names, values, strict=True))
        rows = {} if row is None else dict(zip(names, row, strict=True))
        values = tuple(by_name[field.name] if field.name in by_name else field.default() for field in fields)
        row = None if row is None else tuple(rows.get(field.name, UNREAD) for field in fields)
    record = model.__schema__.make(*values)
    record._row = row
    if loaded:
        record._loaded = loaded
    return record


declaration.RESERVED.update(name for name in dir(Model) if not name.startswith("_"))
