"""Constraints: what a database refused, as messages about fields.

Rules of this file:
- A declared constraint is recognised by its name in the database's text, else by its field among the columns told.
- SQLite says of a foreign key only that one failed: then it is every declared one that it may have been.
- Unique and not-null columns are understood without a declaration, foreign keys where the database tells their column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from spica.db.errors import ConstraintKind, ConstraintViolation
from spica.validation import Message
from spica.validation.messages import BLANK, MUST_EXIST, TAKEN

_MESSAGES: dict[str, Message] = {"unique": TAKEN, "not null": BLANK, "foreign key": MUST_EXIST}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of the table that a changeset knows: which field it is about and what it says there."""

    kind: ConstraintKind
    field: str
    message: Message
    name: str | None = None


def explain_violation(
    problem: ConstraintViolation, fields: Mapping[str, str], constraints: tuple[Constraint, ...]
) -> list[tuple[str, Message]]:
    """Find what to say about a refused row.

    Args:    fields: the model's, by column; constraints: those that were declared.
    Returns: fields and messages; [] when nobody expected this violation, which is then an error of the program.
    """
    names = [fields[column] for column in problem.columns if column in fields]
    declared = [constraint for constraint in constraints if constraint.kind == problem.kind]
    for constraint in declared:
        if constraint.name is not None and re.search(rf"(?<!\w){re.escape(constraint.name)}(?!\w)", problem.what):
            return [(constraint.field, constraint.message)]
    for constraint in declared:
        if constraint.field in names:
            return [(constraint.field, constraint.message)]
    if problem.kind == "foreign key" and not problem.table and not problem.columns:
        return [(constraint.field, constraint.message) for constraint in declared]
    message = _MESSAGES.get(problem.kind)
    if message is None or not names:
        return []
    return [(names[-1], message)]  # of an index on several, the last is what the others narrow down
