"""`validates(...)`: rules of a field, written in the model's class body."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Literal

from spica.orm.callbacks import Condition
from spica.orm.schema import FieldRules, Unique
from spica.validation import RuleOptionError, build_rules

RULES = "__rules__"


def validates(
    *names: str,
    unique: bool | Mapping[str, Any] = False,
    on: Literal["create", "update"] | None = None,
    if_: Condition | None = None,
    message: str | None = None,
    **options: Any,
) -> None:
    """Declare what must hold for fields before a record is saved. Call it in a model's class body.

    Args:    names: one or more fields;
             unique: no other row has the value; {"scope": ["author_id"], "case": False} looks among the rows with the
             same author only, and takes "Ann" and "ann" for the same;
             on: only when a record is created, or only when it is updated;
             if_: only where this holds: the name of a method or a field, or a function of the record;
             message: the text of whatever this line finds, its code stays;
             options: presence=True, length=(3, 200), format=r"^[a-z]+$", inclusion=[...], exclusion=[...],
             number={"ge": 0}, acceptance=True (see spica.validation.build_rules).
    Raises:  RuleOptionError for an option that does not exist; the class itself raises UnknownField for a wrong name.
    Example:
        class Post(Model):
            title: str
            validates("title", presence=True, length=(3, 200))
    """
    if "confirmation" in options:
        raise RuleOptionError(
            "confirmation is not a rule of a model",
            why="what is typed twice is in the form only; the record has one of the two",
            fix=f'check the form: User.changeset(params).cast("{names[0]}").validate_confirmation("{names[0]}")',
        )
    if on not in (None, "create", "update"):
        raise RuleOptionError(f"on={on!r} has no meaning", fix='write on="create" or on="update"')
    rules = tuple(build_rules(**options))
    # The class does not exist yet: its body's namespace is the only place that belongs to it.
    body = sys._getframe(1).f_locals
    body.setdefault(RULES, []).extend(
        FieldRules(name, rules, _build_unique(unique), on, if_, message) for name in names
    )


def _build_unique(option: Any) -> Unique | None:
    if not option:
        return None
    if option is True:
        return Unique()
    if not isinstance(option, Mapping) or not option.keys() <= {"scope", "case"}:
        raise RuleOptionError(
            f"unique={option!r} has no meaning",
            fix='write unique=True or unique={"scope": ["author_id"], "case": False}',
        )
    scope = option.get("scope", ())
    return Unique((scope,) if isinstance(scope, str) else tuple(scope), option.get("case", True) is not False)
