"""Changes of a response whose head has left: they are lost, and that is said once a place of the application's code."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

_log = logging.getLogger("spica.http")
_OURS = str(Path(__file__).parents[1])
# As many as there are lines of code that do it.
_told: set[tuple[str, int]] = set()


def tell_late(what: str) -> None:
    """Log that a change came too late, with the line that made it, the first time.

    Args:    what: was changed, as in "the cookie 'seen'".
    """
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_OURS) and frame.f_back is not None:
        frame = frame.f_back
    place = frame.f_code.co_filename, frame.f_lineno
    if place in _told:
        return
    _told.add(place)
    _log.warning(
        "%s:%d sets %s while the response is streamed, after its head has left: the change is lost; make it before"
        " `return Response.stream(...)`",
        *place,
        what,
    )
