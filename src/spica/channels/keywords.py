"""Keywords: those of class statements and marks, `class Room(Channel, topic="room:*")`, and the mistake in a wrong one.

Rules of this file:
- A class of the user's may take more of them by an `__init_subclass__` of its own: what that takes is no mistake.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from spica.channels.errors import UnknownKeyword
from spica.errors import closest
from spica.routing.location import locate_caller


def find_unknown(
    kind: type, given: Mapping[str, Any], example: str = "", attributes: Iterable[str] = ()
) -> UnknownKeyword | None:
    """Find which keyword of a class statement nothing takes, after Python has refused one.

    Args:    kind: the class that is made; given: its keywords, without those that its base has taken; example: of one
             that the base takes, "" for none; attributes: what stands in the body of such a class.
    Returns: the mistake; None when all are known, and what was raised is about something else.
    """
    known = list(_list_keywords(kind))
    name = next((one for one in given if one not in known), None)
    if name is None:
        return None
    base = next(one.__name__ for one in kind.__mro__ if one.__module__.startswith("spica."))
    near, attribute = closest(name, known, limit=1), closest(name, attributes, limit=1)
    if near:
        fix = f"did you mean {near[0]}? write class {kind.__name__}({base}, {near[0]}={given[name]!r:.80})"
    elif attribute:
        fix = f"write it below the class statement: {attribute[0]} = {_show(given[name])}"
    else:
        fix = f"write class {kind.__name__}({base}{f', {example}' if example else ''})"
    return UnknownKeyword(
        f"the class {kind.__name__} has the unknown keyword {name!r}",
        where=f"{kind.__qualname__}  {locate_caller()}",
        why=f"a class of {base} takes {', '.join(known) or 'none'}",
        fix=fix,
    )


def refuse_unknown(decorator: str, unknown: Mapping[str, object], known: tuple[str, ...] = ()) -> None:
    """Refuse what a mark doesn't take. Raises UnknownKeyword."""
    for name in unknown:
        near = closest(name, known, limit=1)
        shown = ", ".join(['"new_msg"', *(f"{one}=False" for one in near or known)])
        raise UnknownKeyword(
            f"@{decorator} has the unknown keyword {name!r}",
            where=str(locate_caller()),
            why=f"besides events it takes {', '.join(known)}" if known else "it takes events and nothing else",
            fix=f"{f'did you mean {near[0]}? ' if near else ''}write @{decorator}({shown})",
        )


def _list_keywords(kind: type) -> Iterator[str]:
    """What the class statements of a class's subclasses take."""
    for cls in kind.__mro__:
        hook = vars(cls).get("__init_subclass__")
        if cls is not kind and isinstance(hook, classmethod):
            for name, parameter in list(inspect.signature(hook.__func__).parameters.items())[1:]:
                if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                    yield name


def _show(value: object) -> str:
    """A value as source: classes by their names."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_show, value))}]"
    return value.__name__ if isinstance(value, type) else repr(value)
