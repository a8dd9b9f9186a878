"""Events: what the runner tells while it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["started", "resumed", "step", "retrying", "finished", "waiting", "dumped"]


@dataclass(frozen=True, slots=True)
class Event:
    """What happens.

    kind: "started" and "finished" of a migration; "step": one of several of its stages is done; "resumed": it goes on
          where a run was interrupted; "retrying": a lock was not free; "waiting": another process migrates this
          database; "dumped": the schema was written.
    text: more of it for people: who is waited for, which step.
    """

    kind: Kind
    version: str = ""
    name: str = ""
    direction: Literal["up", "down"] = "up"
    seconds: float = 0.0
    text: str = ""
