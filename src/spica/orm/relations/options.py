"""What stands in a model's class body: `belongs_to()`, `has_many()`, `has_one()`, `many_to_many()`.

Rules of this file:
- The annotation names the target; the options say only what the names don't.
- Nothing is looked up here: the target may be a class that is not made yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from spica.errors import closest
from spica.orm.errors import ModelDefinitionError

Kind = Literal["belongs_to", "has_many", "has_one", "many_to_many"]
Dependent = Literal["destroy", "delete", "nullify", "restrict"]


@dataclass(frozen=True, slots=True)
class RelationOptions:
    """What a relation was declared with.

    counter_cache, touch: True for the usual field of the target, or its name.
    """

    kind: Kind
    foreign_key: str | None = None
    order: tuple[str, ...] = ()
    through: str | None = None
    source: str | None = None
    join_table: str | None = None
    target_key: str | None = None
    primary_key: str | None = None
    dependent: Dependent | None = None
    counter_cache: bool | str = False
    touch: bool | str = False


def belongs_to(
    *,
    foreign_key: str | None = None,
    primary_key: str | None = None,
    counter_cache: bool | str = False,
    touch: bool | str = False,
) -> Any:
    """Declare that each record has the key of one record of another model, in a field made for it.

    Args:    foreign_key: the field, default the relation's name and "_id"; it may be NULL when the annotation allows
             None, and is declared in the class body when its type is another than the target's key has;
             primary_key: the field of the target that it holds, default its primary key;
             counter_cache: the target's field that counts these records, True for their table's name and "_count";
             touch: a save or destroy sets the target's `updated_at`, and the field that is named here.
    Example: author: User = belongs_to()    # the field is author_id: int
    """
    return RelationOptions("belongs_to", foreign_key, primary_key=primary_key, counter_cache=counter_cache, touch=touch)


def has_many(
    *,
    foreign_key: str | None = None,
    primary_key: str | None = None,
    order: str | tuple[str, ...] = (),
    through: str | None = None,
    source: str | None = None,
    dependent: Dependent | None = None,
) -> Any:
    """Declare that records of another model have this model's key.

    Args:    foreign_key: the other model's field, default this model's name and "_id", or that of the only belongs_to
             that leads here; primary_key: this model's field that it holds, default the primary key; order: names as
             for `order`; through: a relation of this model whose targets lead on to these; source: their relation,
             default one with this relation's name, in the plural or singular;
             dependent: what becomes of them when their owner is destroyed: "destroy" each with its callbacks, "delete"
             all by one statement, "nullify" their keys, or "restrict": while there is one, the owner can't be
             destroyed. Nothing by default.
    Example: comments: list[Comment] = has_many(order="-created_at", dependent="destroy")
    """
    _check_dependent("has_many", dependent, through)
    return RelationOptions(
        "has_many", foreign_key, _names(order), through, source, primary_key=primary_key, dependent=dependent
    )


def has_one(
    *,
    foreign_key: str | None = None,
    primary_key: str | None = None,
    through: str | None = None,
    source: str | None = None,
    dependent: Dependent | None = None,
) -> Any:
    """Declare that at most one record of another model has this model's key; options as those of has_many.

    Example: profile: Profile | None = has_one(dependent="destroy")
    """
    _check_dependent("has_one", dependent, through)
    return RelationOptions("has_one", foreign_key, (), through, source, primary_key=primary_key, dependent=dependent)


def many_to_many(
    *,
    join_table: str | None = None,
    foreign_key: str | None = None,
    target_key: str | None = None,
    order: str | tuple[str, ...] = (),
) -> Any:
    """Declare that records of both models go together in any number, by a table of pairs.

    The pairs of a record go when it is destroyed.

    Args:    join_table: default both tables' names in alphabetical order, "categories_posts"; foreign_key: its column
             with this model's key, default the model's name and "_id"; target_key: the other one; order: as for
             `order`.
    Example: categories: list[Category] = many_to_many()
    """
    return RelationOptions("many_to_many", foreign_key, _names(order), join_table=join_table, target_key=target_key)


def _names(order: str | tuple[str, ...]) -> tuple[str, ...]:
    return (order,) if isinstance(order, str) else tuple(order)


def _check_dependent(kind: str, dependent: str | None, through: str | None) -> None:
    known = get_args(Dependent)
    if dependent is not None and dependent not in known:
        near = closest(str(dependent), known)
        raise ModelDefinitionError(
            f"{kind}(dependent={dependent!r}) has no meaning",
            fix=f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(known)}",
        )
    if dependent is not None and through is not None:
        raise ModelDefinitionError(
            f"{kind}(through={through!r}) has no dependents of its own",
            why="its records have no key of this model",
            fix=f"say dependent={dependent!r} where {through!r} is declared",
        )
