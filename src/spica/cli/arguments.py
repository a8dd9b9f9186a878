"""A small reader of options, for the one command that can't wait for a large one: `spica server`.

Rules of this file:
- `--name value`, `--name=value` and `-n value`; a flag takes no value; `--` ends the options.
- What is wrong is told in one sentence, with near matches, as `commands.py` does for the other commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spica.cli.errors import UsageError
from spica.errors.base import closest


@dataclass(frozen=True)
class Option:
    """One option: `--name`, `-short`; kind: int, str, list for repeated text, or bool for a flag; about: its help."""

    name: str
    kind: type
    about: str
    short: str = ""

    @property
    def usage(self) -> str:
        """How it is written: `--port NUMBER, -p`."""
        word = f" {self.name.rsplit('-')[-1].upper()}"
        value = {int: " NUMBER", str: word, list: word, bool: ""}[self.kind]
        return f"--{self.name}{value}" + (f", -{self.short}" if self.short else "")


def parse(command: str, options: Sequence[Option], arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Read the arguments of a command.

    Args:    command: for messages, such as "spica server"; options: what it knows; arguments: what was typed after it.
    Returns: positional arguments, and values by option name; options that were not given are left out.
    Raises:  UsageError.
    """
    known = {f"--{option.name}": option for option in options} | {
        f"-{option.short}": option for option in options if option.short
    }
    positional: list[str] = []
    values: dict[str, Any] = {}
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            return [*positional, *rest], values
        if not word.startswith("-") or word == "-":
            positional.append(word)
            continue
        name, equals, text = word.partition("=")
        option = known.get(name)
        if option is None:
            raise _unknown(command, name, [key for key in known if key.startswith("--")])
        if option.kind is bool:
            if equals:
                raise UsageError(f"{name} takes no value")
            values[option.name] = True
            continue
        value = text if equals else next(rest, None)
        if value is None:
            raise UsageError(f"{name} needs a value: {option.usage}")
        if option.kind is list:
            values.setdefault(option.name, []).append(value)
        else:
            values[option.name] = _convert(name, option, value)
    return positional, values


def _convert(name: str, option: Option, value: str) -> Any:
    if option.kind is str:
        return value
    try:
        return int(value)
    except ValueError:
        raise UsageError(f'{name} must be a whole number, not "{value}"') from None


def _unknown(command: str, name: str, known: Sequence[str]) -> UsageError:
    near = closest(name, [*known, "--help"])
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    return UsageError(f"{command} has no option {name}; {hint}")
