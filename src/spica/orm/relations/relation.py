"""Relation: one relation of one model, resolved when it is first used.

Rules of this file:
- Making a relation looks nothing up; `target`, `foreign_key` and the like do, once, and say what is wrong.
- A has_many finds its foreign key by name, or by the only belongs_to of the target that leads back.
- A foreign key holds the primary key of the other model, or the field that `primary_key` names; one key is one field.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from spica import inflection
from spica.orm.errors import ModelDefinitionError
from spica.orm.relations.annotations import Target
from spica.orm.relations.options import Kind, RelationOptions
from spica.orm.relations.registry import find_model


class Relation:
    """What `Post.author` is on the class, and what `Post.__schema__.relations["author"]` is.

    owner: the model that declares it; name: its attribute; kind: "belongs_to", "has_many", "has_one" or
    "many_to_many"; many: whether its value is a list; nullable: whether the annotation allows None.
    """

    def __init__(self, owner: Any, name: str, target: Target, options: RelationOptions) -> None:
        self.owner = owner
        self.name = name
        self.options = options
        self.kind: Kind = options.kind
        self.many = target.many
        self.nullable = target.nullable
        self._target = target.model

    def __repr__(self) -> str:
        return f"{self.owner.__name__}.{self.name}"

    @cached_property
    def target(self) -> Any:
        """The model that it leads to. Raises ModelDefinitionError, with near matches, when there is none."""
        named = self._target
        model = find_model(named, self.owner, where=repr(self)) if isinstance(named, str) else named
        if not hasattr(model, "__schema__"):
            raise self._wrong(f"{getattr(model, '__name__', model)} is not a model with a table")
        return model

    @cached_property
    def key(self) -> str:
        """The field that the foreign key holds: the target's for belongs_to, else the owner's."""
        holder = self.target if self.kind == "belongs_to" else self.owner
        return self._one_key(holder.__schema__)

    @cached_property
    def other_key(self) -> str:
        """The field of the target that the join table of a many_to_many holds."""
        return self._one_key(self.target.__schema__, named=False)

    @cached_property
    def foreign_key(self) -> str:
        """The field with the key: the owner's for belongs_to, the target's for has_many and has_one, else the join
        table's column for the owner.
        """
        if self.kind == "many_to_many":
            return self.options.foreign_key or f"{inflection.snake(self.owner.__name__)}_id"
        if self.kind == "belongs_to":
            key = foreign_key_of(self.name, self.options)
            self._check_kind(self.owner.__schema__.field(key), self.target.__schema__.field(self.key))
            return key
        return self._key_in_target()

    @cached_property
    def target_key(self) -> str:
        """The join table's column for the target, of a many_to_many."""
        if self.options.target_key is not None:
            return self.options.target_key
        name = inflection.snake(self.target.__name__)
        return f"{inflection.snake(inflection.singular(self.name))}_id" if self.target is self.owner else f"{name}_id"

    @cached_property
    def join_table(self) -> str:
        """The table of pairs of a many_to_many."""
        tables = sorted([self.owner.__schema__.table, self.target.__schema__.table])
        return self.options.join_table or "_".join(tables)

    @cached_property
    def through(self) -> tuple[Relation, Relation] | None:
        """The two relations that a `through` goes along: the owner's, and the one from there on."""
        if self.options.through is None:
            return None
        if self.options.order:
            raise self._wrong("it goes through another relation, so it has the order of that", fix="leave order out")
        first = self.owner.__schema__.relation(self.options.through)
        relations = first.target.__schema__.relations
        names = [self.options.source] if self.options.source else [self.name, inflection.singular(self.name)]
        for name in names:
            if name in relations:
                return first, relations[name]
        raise self._wrong(
            f"{first.target.__name__} has no relation {' or '.join(map(repr, names))}",
            fix='name it: has_many(through="...", source="...")',
        )

    @cached_property
    def counter(self) -> str | None:
        """The target's field that counts the records of a belongs_to; None when none does."""
        asked = self.options.counter_cache
        if asked is False:
            return None
        name = f"{self.owner.__schema__.table}_count" if asked is True else asked
        field = self.target.__schema__.by_name.get(name)
        if field is None or field.kind is not int or field.nullable:
            raise self._wrong(
                f"{self.target.__name__}.{name} does not count",
                why="there is no such field" if field is None else "a counter is an int that is never None",
                fix=f"add to {self.target.__name__}: {name}: int = 0",
            )
        return name

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """The target's times that a save or destroy of a belongs_to's record sets; none when it does not touch."""
        asked = self.options.touch
        if asked is False:
            return ()
        schema = self.target.__schema__
        names = [field.name for field in schema.stamped if field.options.stamp == "save"]
        if asked is not True:
            named = schema.field(asked)
            if named.kind is not datetime:
                raise self._wrong(
                    f"{schema.model}.{asked} is no time to touch", fix=f"declare {asked}: datetime | None"
                )
            names.append(named.name)
        if not names:
            raise self._wrong(
                f"{schema.model} has no time to touch",
                fix=f'class {schema.model}(Model, Timestamps), or touch="a_field"',
            )
        return tuple(dict.fromkeys(names))

    @cached_property
    def inverse(self) -> Relation | None:
        """The belongs_to of the target by which a has_many or has_one leads back; None when it declares none."""
        for one in self.target.__schema__.relations.values():
            if one.kind != "belongs_to" or foreign_key_of(one.name, one.options) != self.foreign_key:
                continue  # its model may be one that nobody imported
            if one.target is self.owner:
                return one  # type: ignore[no-any-return]
        return None

    def _key_in_target(self) -> str:
        schema = self.target.__schema__
        name = self.options.foreign_key or f"{inflection.snake(self.owner.__name__)}_id"
        if name not in schema.by_name:
            back = [one for one in schema.relations.values() if one.kind == "belongs_to" and one.target is self.owner]
            if self.options.foreign_key is not None or len(back) != 1:
                raise self._wrong(
                    f"{schema.model} has no field {name!r}",
                    why=f"several of its relations lead to {self.owner.__name__}: {', '.join(map(repr, back))}"
                    if len(back) > 1
                    else f"the records of a {self.kind} have the key of their owner",
                    fix=f'name the field: {self.kind}(foreign_key="...")'
                    if back
                    else f"add to {schema.model}: {inflection.snake(self.owner.__name__)}: "
                    f"{self.owner.__name__} = belongs_to()",
                )
            name = back[0].foreign_key
        self._check_kind(schema.field(name), self.owner.__schema__.field(self.key))
        return name

    def _one_key(self, schema: Any, *, named: bool = True) -> str:
        if named and self.options.primary_key is not None:
            return schema.field(self.options.primary_key).name  # type: ignore[no-any-return]
        if schema.key.size > 1:
            raise self._wrong(
                f"the key of {schema.model} is {' and '.join(schema.key.names)}",
                why="a foreign key is one field, which can't hold several",
                fix=f'name a field of {schema.model} that no two rows share: {self.kind}(primary_key="...")'
                if self.kind != "many_to_many"
                else f"give {schema.model} a key of one field, or declare a model for the pairs: has_many(through=...)",
            )
        return schema.key.name  # type: ignore[no-any-return]

    def _check_kind(self, key: Any, leads_to: Any) -> None:
        if key.kind is not leads_to.kind:
            kind = getattr(leads_to.kind, "__name__", leads_to.kind)
            raise self._wrong(
                f"its key {key.name} is {getattr(key.kind, '__name__', key.kind)}, but the key that it holds is {kind}",
                fix=f"declare in the class body: {key.name}: {kind}{' | None' if key.nullable else ''}",
            )

    def _wrong(self, what: str, *, why: str = "", fix: str = "") -> ModelDefinitionError:
        return ModelDefinitionError(f"the relation {self!r} can't work: {what}", why=why, fix=fix)


def foreign_key_of(name: str, options: RelationOptions) -> str:
    """Name the field of a belongs_to."""
    return options.foreign_key or f"{name}_id"
