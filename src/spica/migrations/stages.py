"""Stages: the parts of a migration that happen wholly or not at all, in order.

Where a database changes its tables in transactions, a migration is one stage. What can't be in a transaction is a stage
of its own, so that a run that is interrupted goes on after what is done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spica.migrations.operations import Execute, Operation
from spica.migrations.source import render_operation

# SQL that may run twice: it says itself what to do when its work is done.
_REPEATABLE = re.compile(r"\bif\s+(not\s+)?exists\b|^\s*create\s+or\s+replace\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stage:
    """Operations that belong together, and whether they are in one transaction."""

    operations: tuple[Operation, ...]
    in_transaction: bool = True

    @property
    def text(self) -> str:
        """The stage as the lines of a migration: what a run that goes on compares."""
        return "\n".join(line for operation in self.operations for line in render_operation(operation))

    @property
    def title(self) -> str:
        """The first line of each operation, for people."""
        return "; ".join(render_operation(operation)[0] for operation in self.operations)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody can see in the database if it happened: it runs SQL of the migration's own, outside of one."""
        return not self.in_transaction and any(
            isinstance(operation, Execute) and not _REPEATABLE.search(operation.up) for operation in self.operations
        )
