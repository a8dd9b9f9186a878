"""The stack of a thread, as faulthandler writes it, and the one frame of it that a reader looks for.

The supervisor imports this file, so it imports nothing.
"""

from __future__ import annotations

SHOWN = 8
_START = '  File "'


def parse_frame(line: str) -> tuple[str, str, str] | None:
    """Read `  File "app.py", line 12 in slow`; None for a line that is no frame."""
    if not line.startswith(_START):
        return None
    path, _, rest = line.removeprefix(_START).partition('", line ')
    number, _, name = rest.partition(" in ")
    return path, number, name


def find_blocking_frame(lines: list[str], folder: str) -> str:
    """Say where a thread is: the innermost frame of the application, else the innermost of all.

    Args:    lines: innermost first; folder: of the application.
    Returns: "app.py:12 in slow"; "" when no line is a frame.
    """
    frames = [frame for line in lines if (frame := parse_frame(line))]
    prefix = folder.rstrip("/") + "/"
    own = [frame for frame in frames if frame[0].startswith(prefix) and "/site-packages/" not in frame[0]]
    for path, number, name in own or frames:
        return f"{path.removeprefix(prefix)}:{number} in {name}"
    return ""


def render_report(who: str, silent_s: float, lines: list[str], folder: str) -> str:
    """Write that somebody is blocked, by what, and the innermost frames."""
    where = find_blocking_frame(lines, folder)
    blocked = f", blocked at {where}" if where else ""
    frames = [line for line in lines if parse_frame(line)]
    more = [f"  … {len(frames) - SHOWN} more"] if len(frames) > SHOWN else []
    return "\n".join([f"{who} has not answered for {silent_s:g} s{blocked}", *frames[:SHOWN], *more])
