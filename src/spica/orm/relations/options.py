"""What stands in a model's class body: `belongs_to()`, `has_many()`, `has_one()`, `many_to_many()`.

Rules of this file:
- The annotation names the target; the options say only what the names don't.
- Nothing is looked up here: the target may be a class that is not made yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["belongs_to", "has_many", "has_one", "many_to_many"]


@dataclass(frozen=True, slots=True)
class RelationOptions:
    """What a relation was declared with."""

    kind: Kind
    foreign_key: str | None = None
    order: tuple[str, ...] = ()
    through: str | None = None
    source: str | None = None
    join_table: str | None = None
    target_key: str | None = None


def belongs_to(*, foreign_key: str | None = None) -> Any:
    """Declare that each record has the key of one record of another model, in a field made for it.

    Args:    foreign_key: the field, default the relation's name and "_id"; it may be NULL when the annotation allows
             None, and is declared in the class body when its type is another than int.
    Example: author: User = belongs_to()    # the field is author_id: int
    """
    return RelationOptions("belongs_to", foreign_key)


def has_many(
    *,
    foreign_key: str | None = None,
    order: str | tuple[str, ...] = (),
    through: str | None = None,
    source: str | None = None,
) -> Any:
    """Declare that records of another model have this model's key.

    Args:    foreign_key: the other model's field, default this model's name and "_id", or that of the only belongs_to
             that leads here; order: names as for `order`; through: a relation of this model whose targets lead on to
             these; source: their relation, default one with this relation's name, in the plural or singular.
    Example: comments: list[Comment] = has_many(order="-created_at")
    """
    return RelationOptions("has_many", foreign_key, _names(order), through, source)


def has_one(*, foreign_key: str | None = None, through: str | None = None, source: str | None = None) -> Any:
    """Declare that at most one record of another model has this model's key; options as those of has_many.

    Example: profile: Profile | None = has_one()
    """
    return RelationOptions("has_one", foreign_key, (), through, source)


def many_to_many(
    *,
    join_table: str | None = None,
    foreign_key: str | None = None,
    target_key: str | None = None,
    order: str | tuple[str, ...] = (),
) -> Any:
    """Declare that records of both models go together in any number, by a table of pairs.

    Args:    join_table: default both tables' names in alphabetical order, "categories_posts"; foreign_key: its column
             with this model's key, default the model's name and "_id"; target_key: the other one; order: as for
             `order`.
    Example: categories: list[Category] = many_to_many()
    """
    return RelationOptions("many_to_many", foreign_key, _names(order), join_table=join_table, target_key=target_key)


def _names(order: str | tuple[str, ...]) -> tuple[str, ...]:
    return (order,) if isinstance(order, str) else tuple(order)
