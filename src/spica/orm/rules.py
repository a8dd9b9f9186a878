"""`validates(...)`: rules of a field, written in the model's class body."""

from __future__ import annotations

import sys
from typing import Any

from spica.orm.schema import FieldRules
from spica.validation import build_rules

RULES = "__rules__"


def validates(*names: str, unique: bool = False, **options: Any) -> None:
    """Declare what must hold for fields before a record is saved. Call it in a model's class body.

    Args:    names: one or more fields; unique: no other row has the value;
             options: presence=True, length=(3, 200), format=r"^[a-z]+$", inclusion=[...], exclusion=[...],
             number={"ge": 0} (see spica.validation.build_rules).
    Raises:  RuleOptionError for an option that does not exist; the class itself raises UnknownField for a wrong name.
    Example:
        class Post(Model):
            title: str
            validates("title", presence=True, length=(3, 200))
    """
    rules = tuple(build_rules(**options))
    # The class does not exist yet: its body's namespace is the only place that belongs to it.
    body = sys._getframe(1).f_locals
    body.setdefault(RULES, []).extend(FieldRules(name, rules, unique) for name in names)
