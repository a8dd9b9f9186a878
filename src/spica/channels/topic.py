"""Topics: the patterns that channels are joined by, `room:{room_id:int}`, and which of them takes a topic.

Rules of this file:
- A pattern is text with parameters: `{name}` takes what stands between two colons, `{name:int}` and the like what their
  converter does, `{name:a|b}` one of these texts. `*` at the end is `{rest:path}`: whatever is left.
- Where several patterns take a topic, the one with text comes before a converter, that before `{name}`, that before
  the rest. Two patterns that differ in the names of their parameters only are a mistake.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from spica.channels.errors import DuplicateTopic, InvalidTopicPattern
from spica.channels.message import PHOENIX
from spica.routing.converters import Converter, choice_of, converter_names, find_converter, suggest_converter

MAX_TOPIC_CHARACTERS = 255
RESERVED_PREFIX = "spica:"
"""Topics that processes talk to each other on: no pattern takes them, however wide it is."""
_PARAMETER = re.compile(r"\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<type>[^{}]*))?\}")
_FOREIGN_PARAMETER = re.compile(r"<(?:(?P<type>\w+):)?(?P<name>[A-Za-z_]\w*)>")
_IN_BRACES = re.compile(r"(\{[^{}]*\})")
_MAX_INTEGER = 2**63 - 1
_TEXT, _MIXED, _TYPED, _ANY, _REST = range(5)

Kind = TypeVar("Kind")


def _read_int(text: str) -> int:
    value = int(text)
    if value > _MAX_INTEGER:
        raise ValueError(text)
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "int": _read_int,
    "float": float,
    "uuid": UUID,
    "date": date.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class TopicParameter:
    """One parameter of a pattern: its name and how its text is read."""

    name: str
    converter: Converter

    @property
    def expression(self) -> str:
        """What its text looks like."""
        if self.converter.choices:
            return "|".join(re.escape(choice) for choice in self.converter.choices)
        return ".+" if self.takes_rest else "[^:]+"

    @property
    def takes_rest(self) -> bool:
        """Whether it takes colons, too."""
        return self.converter.native == "path"

    def read(self, text: str) -> object:
        """Make the value of a text. Raises ValueError for what is none."""
        converter = self.converter
        if not converter.accepts(text):
            raise ValueError(text)
        value = _READERS.get(converter.native, str)(text)
        return value if converter.parse is None else converter.parse(value)

    @property
    def rank(self) -> int:
        """How much it takes, for the order of patterns."""
        return _REST if self.takes_rest else _ANY if self.converter.name == "str" else _TYPED

    @property
    def shape(self) -> str:
        """What it takes, without its name."""
        return f"{{:{'|'.join(sorted(self.converter.choices)) or self.converter.name}}}"


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """A pattern of topics; `shape` is the text without the names of its parameters, `order` sorts the nearest first."""

    text: str
    parameters: tuple[TopicParameter, ...]
    expression: re.Pattern[str]
    shape: str
    order: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    def match(self, topic: str) -> dict[str, Any] | None:
        """The values of its parameters in a topic; None when it doesn't take it."""
        found = self.expression.fullmatch(topic)
        if found is None:
            return None
        try:
            return {one.name: one.read(text) for one, text in zip(self.parameters, found.groups(), strict=True)}
        except ValueError:
            return None

    def __str__(self) -> str:
        return self.text


def parse_topic(text: object, where: object = "") -> TopicPattern:
    """Read a pattern of topics.

    Args:    text: `room:{room_id:int}`; where: what errors name as its place.
    Raises:  InvalidTopicPattern when it is empty or no text, a brace is not closed, a type is unknown, a name is used
             twice, something follows the rest.
    """
    if not isinstance(text, str) or not text or text == PHOENIX or text.startswith(RESERVED_PREFIX):
        if text == PHOENIX:
            why = "heartbeats have the topic phoenix"
        elif isinstance(text, str) and text:
            why = f"processes talk to each other on topics that begin with {RESERVED_PREFIX}"
        else:
            why = "a channel is joined by its topic, a text"
        raise InvalidTopicPattern(
            f"{text!r} is no pattern of topics", where=str(where), why=why, fix='write one such as "room:{room_id:int}"'
        )
    written = f"{text[:-1]}{{rest:path}}" if text.endswith("*") else text
    pieces = [_parse_piece(piece, text, where) for piece in _IN_BRACES.split(written) if piece]
    parameters = tuple(piece for piece in pieces if isinstance(piece, TopicParameter))
    _check(pieces, parameters, text, where)
    expression = "".join(re.escape(piece) if isinstance(piece, str) else f"({piece.expression})" for piece in pieces)
    shape = "".join(piece if isinstance(piece, str) else piece.shape for piece in pieces)
    return TopicPattern(text, parameters, re.compile(expression, re.DOTALL), shape, _order(pieces))


class TopicTable(Generic[Kind]):
    """Which of several things takes a topic."""

    def __init__(self, entries: Iterable[tuple[TopicPattern, Kind]]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry[0].order)

    def find(self, topic: str) -> tuple[Kind, dict[str, Any]] | None:
        """What takes a topic, and the values of its parameters; None when nothing does."""
        if len(topic) > MAX_TOPIC_CHARACTERS or topic == PHOENIX or topic.startswith(RESERVED_PREFIX):
            return None
        for pattern, kind in self._entries:
            values = pattern.match(topic)
            if values is not None:
                return kind, values
        return None


def find_duplicates(entries: Iterable[tuple[TopicPattern, object]]) -> list[DuplicateTopic]:
    """The mistakes of patterns that take the same topics; each with the place of its owner."""
    seen: dict[str, tuple[TopicPattern, object]] = {}
    mistakes = []
    for pattern, where in entries:
        first, first_where = seen.setdefault(pattern.shape, (pattern, where))
        if first is not pattern:
            mistakes.append(
                DuplicateTopic(
                    f"two channels take the topics {first}",
                    where=f"{first_where}\n{where}",
                    why="a topic leads to one channel of a socket; the second can never be joined",
                    fix="give one of them another topic, or leave it out of the socket's channels",
                )
            )
    return mistakes


def _parse_piece(piece: str, text: str, where: object) -> str | TopicParameter:
    if "{" not in piece and "}" not in piece and "*" not in piece:
        if foreign := _FOREIGN_PARAMETER.search(piece):
            raise InvalidTopicPattern(
                f"{foreign[0]} in the topic {text!r} is no parameter",
                where=str(where),
                why="a parameter is {name} or {name:type}",
                fix=f"write {{{foreign['name']}:{foreign['type']}}}"
                if foreign["type"]
                else f"write {{{foreign['name']}}}",
            )
        return piece
    found = _PARAMETER.fullmatch(piece)
    if found is None:
        raise InvalidTopicPattern(
            f"{piece!r} in the topic {text!r} can't be read",
            where=str(where),
            why="a parameter is {name} or {name:type}, and * stands at the end",
            fix='write it like "room:{room_id:int}" or "room:*"',
        )
    type_ = found["type"] or "str"
    if "|" in type_:
        return TopicParameter(found["name"], choice_of(_check_choices(type_.split("|"), text, where)))
    converter = find_converter(type_)
    if converter is None:
        near = suggest_converter(type_)
        raise InvalidTopicPattern(
            f"the topic {text!r} has the unknown parameter type {type_!r}",
            where=str(where),
            why=f"the types are {', '.join(converter_names())}",
            fix=f"write {{{found['name']}:{near}}}" if near else f"write {{{found['name']}}}",
        )
    return TopicParameter(found["name"], converter)


def _check_choices(choices: list[str], text: str, where: object) -> list[str]:
    if all(choices):
        return choices
    raise InvalidTopicPattern(
        f"a choice in the topic {text!r} is empty",
        where=str(where),
        why="choices are texts with | between them",
        fix="write {kind:user|team}",
    )


def _check(
    pieces: list[str | TopicParameter], parameters: tuple[TopicParameter, ...], text: str, where: object
) -> None:
    names = [parameter.name for parameter in parameters]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InvalidTopicPattern(
            f"the topic {text!r} uses the name {twice[0]!r} twice",
            where=str(where),
            fix="give one of them another name",
        )
    for first, second in itertools.pairwise(pieces):
        if isinstance(first, TopicParameter) and (first.takes_rest or isinstance(second, TopicParameter)):
            raise InvalidTopicPattern(
                f"something follows {{{first.name}}} in the topic {text!r}",
                where=str(where),
                why="nobody could say where the one ends and the other begins",
                fix="write text such as : between two parameters, and the rest at the end",
            )


def _order(pieces: list[str | TopicParameter]) -> tuple[int, ...]:
    """A rank for each part between colons."""
    parts: list[list[str | TopicParameter]] = [[]]
    for piece in pieces:
        if isinstance(piece, TopicParameter):
            parts[-1].append(piece)
            continue
        first, *others = piece.split(":")
        parts[-1] += [first] if first else []
        parts += [[other] if other else [] for other in others]
    return tuple(map(_rank, parts))


def _rank(part: list[str | TopicParameter]) -> int:
    worst = max((piece.rank for piece in part if isinstance(piece, TopicParameter)), default=_TEXT)
    has_text = any(isinstance(piece, str) for piece in part)
    return min(worst, _MIXED) if has_text and worst < _REST else worst
