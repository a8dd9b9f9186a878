"""The clock of a test: time that stands still, or goes on from elsewhere.

Rules:
- What Python calls now moves: `datetime.now`, `date.today`, `time.time` and their kin, in the application, in Spica
  and in libraries alike. So do the ends of sessions, cookies and tokens, and the timestamps of records.
- Durations don't: `time.monotonic`, timeouts, `asyncio.sleep` and the server's deadlines go by the real clock, because
  a loop whose time jumps runs what is not due, or nothing at all.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from spica.testing.json_paths import missing_library

if TYPE_CHECKING:
    import time_machine

Moment: TypeAlias = datetime | date | str | int | float
"""A time zone's absence means UTC; a text is ISO 8601; a number is seconds since 1970."""


class Clock:
    """Freezes and moves time; the fixture `clock` lets it go again after the test.

    Example:
        clock.freeze("2026-05-01T12:00")
        clock.travel(hours=1)
        with clock.freeze("2030-01-01"): ...
    """

    def __init__(self) -> None:
        self._stays: list[tuple[time_machine.travel, time_machine.Traveller]] = []

    def freeze(self, moment: Moment | None = None) -> Stay:
        """Stop time, at a moment or now; as a context manager, until the block ends."""
        return self._go(moment, tick=False)

    def travel_to(self, moment: Moment) -> Stay:
        """Go to a moment; time goes on from there. As a context manager, until the block ends."""
        return self._go(moment, tick=True)

    def travel(
        self, *, weeks: float = 0, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move time forward, or back by negative numbers; a clock that stands goes on standing."""
        step = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not self._stays:
            self.travel_to(datetime.now(UTC))
        self._stays[-1][1].shift(step)

    def unfreeze(self) -> None:
        """Go back to the real time; does nothing when time is real."""
        while self._stays:
            self._stays.pop()[0].stop()

    def now(self) -> datetime:
        """What the application takes for now, in UTC."""
        return datetime.now(UTC)

    def leave(self, stay: time_machine.travel) -> None:
        """End one stay, and what was begun inside it."""
        while any(stay is one for one, _ in self._stays):
            self._stays.pop()[0].stop()

    def _go(self, moment: Moment | None, *, tick: bool) -> Stay:
        # Lazy: only tests that move time need the library.
        try:
            import time_machine
        except ModuleNotFoundError as error:
            raise missing_library(error, "moving time") from None
        stay = time_machine.travel(_aware(datetime.now(UTC) if moment is None else moment), tick=tick)
        self._stays.append((stay, stay.start()))
        return Stay(self, stay)


class Stay:
    """A moment that a clock was brought to: `with clock.freeze(...)` leaves it at the end of the block."""

    def __init__(self, clock: Clock, stay: time_machine.travel) -> None:
        self._clock = clock
        self._stay = stay

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock.leave(self._stay)


def _aware(moment: Moment) -> datetime | int | float:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    elif isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.tzinfo is None else moment
