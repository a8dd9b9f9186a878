"""A plan: what a generator wants to do to a folder, as data. Making a plan reads files and writes none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeAlias


@dataclass(frozen=True)
class Create:
    """Make a file with this text."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True)
class Insert:
    """Replace a file by `text`, which is its present text with `added` put in; `added` is what the user is told.

    `without`: its present text without what there is of it already; None when there is nothing.
    """

    path: PurePosixPath
    text: str
    added: str
    without: str | None = None


@dataclass(frozen=True)
class Keep:
    """Leave a file as it is: it holds what was wanted; `without` as in `Insert`."""

    path: PurePosixPath
    without: str | None = None


@dataclass(frozen=True)
class Remove:
    """Remove a file that has this text."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True)
class Cut:
    """Replace a file by `text`, which is its present text with something taken out."""

    path: PurePosixPath
    text: str


Action: TypeAlias = Create | Insert | Keep | Remove | Cut


@dataclass
class Plan:
    """Actions in the order in which the user reads them, and sentences to print after them."""

    actions: list[Action] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def create(self, path: str, text: str) -> None:
        """Add a file to make."""
        self.actions.append(Create(PurePosixPath(path), text))

    def extend(self, other: Plan) -> None:
        """Add all of another plan."""
        self.actions += other.actions
        self.notes += other.notes

    def undone(self) -> Plan:
        """What takes this plan back: the files that it makes are removed, what it puts into others is taken out."""
        actions: list[Action] = []
        for action in self.actions:
            if isinstance(action, Create):
                actions.append(Remove(action.path, action.text))
            elif isinstance(action, Insert | Keep) and action.without is not None:
                actions.append(Cut(action.path, action.without))
        return Plan(actions)
