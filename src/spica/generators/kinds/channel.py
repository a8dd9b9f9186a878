"""A channel: the class, its place in the project's socket, the socket and its route when there is none, and tests."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from spica import inflection
from spica.channels.channel import Channel
from spica.generators.errors import BadName
from spica.generators.names import check_identifier
from spica.generators.plan import Insert, Keep, Plan
from spica.generators.project import Project
from spica.generators.routes_file import Imported, insert_calls
from spica.generators.socket_file import SOCKET, SocketFile, add_channel, find_socket, remove_channel
from spica.generators.source import render

FIRST_EVENT = "new_msg"
# Events become methods, and the names of what a channel has of its own would hide that; `presence` is one of them.
TAKEN = frozenset({name for name in dir(Channel) if not name.startswith("_")} | {"on", "presence", "rest", "self"})


def plan_channel(project: Project, name: str, events: Sequence[str]) -> Plan:
    """Plan a channel.

    Args:    project: where; name: `Chat`, `chat` or `ChatChannel`; events: what clients may push, FIRST_EVENT when
             none is given.
    Returns: channel and test; the socket that has it, with its route and test, when the project has none, else a line
             in it.
    Raises:  BadName for a name or event that is no identifier, or an event that channels have themselves;
             RoutesNotRecognised.
    """
    snake = check_identifier(name, "a channel").removesuffix("_channel")
    events = list(dict.fromkeys(_check_event(event) for event in events)) or [FIRST_EVENT]
    channel = Imported(f"app.channels.{snake}_channel", f"{inflection.camel(snake)}Channel")
    socket = find_socket(project.root)
    plan = Plan()
    plan.create(
        f"app/channels/{snake}_channel.py",
        render("channel/channel.py", channel=channel.name, snake=snake, events=_join("channel/event.py", events, 1)),
    )
    _plan_socket(project, plan, socket, channel)
    tests = _join("channel/test_event.py", events, 2, snake=snake)
    plan.create(
        f"tests/channels/test_{snake}.py",
        render("channel/test.py", snake=snake, address=socket.address, tests=tests),
    )
    plan.notes.append(_note(snake, socket.address, events))
    return plan


def find_events(project: Project, name: str) -> list[str]:
    """The events of a channel that is there, in order; [] when it is not, or can't be read."""
    snake = check_identifier(name, "a channel").removesuffix("_channel")
    path = project.root / f"app/channels/{snake}_channel.py"
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return []
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="on"), args=[ast.Constant(value=str() as event)]):
                found.append(event)
    return found


def _plan_socket(project: Project, plan: Plan, file: SocketFile, channel: Imported) -> None:
    """Make the socket, or put the channel into the one that is there."""
    snake = channel.module.rpartition(".")[2].removesuffix("_channel")
    generated = render("channel/socket.py", snake=snake, channel=channel.name)
    path = project.root / file.path
    present = path.read_text(encoding="utf-8") if path.is_file() else ""
    route = insert_calls(project.root, [("socket", file.address, file.socket)])
    if file.socket == SOCKET and present in ("", generated):
        plan.create(file.path, generated)
        plan.actions.append(route)
        plan.create("tests/channels/test_user_socket.py", render("channel/test_socket.py"))
        return
    target = PurePosixPath(file.path)
    text, without = add_channel(present, file.socket.name, channel), remove_channel(present, file.socket.name, channel)
    if isinstance(route, Insert):
        plan.actions.append(replace(route, without=None))  # other channels need it, when this one goes
    if text is None:
        plan.notes.append(f"Add {channel.name} to the channels of {file.socket.name} in {file.path}.")
    else:
        plan.actions.append(Keep(target, without) if text == present else Insert(target, text, channel.name, without))
    if 'verify("socket"' not in present:
        plan.notes.append(
            f"tests/channels/test_{snake}.py connects with a token; give it what {file.socket.name}.connect asks for."
        )


def _check_event(event: str) -> str:
    snake = check_identifier(event, "an event")
    if snake in TAKEN or snake.startswith("phx_"):
        raise BadName(
            f'"{event}" cannot name an event',
            why="the protocol's own events begin with phx_"
            if snake.startswith("phx_")
            else f"channels have a {snake} of their own",
            fix="choose another name",
        )
    return snake


def _join(template: str, events: Sequence[str], blank: int, **values: str) -> str:
    return ("\n" * (blank + 1)).join(render(template, event=event, **values).rstrip("\n") for event in events)


def _note(snake: str, address: str, events: Sequence[str]) -> str:
    camel = inflection.camel(snake)
    variable = camel[:1].lower() + camel[1:]
    listen = [f'{variable}.on("{event}", ({{ body }}) => console.log(body));' for event in events]
    values = {"snake": snake, "variable": variable, "address": address, "event": events[0]}
    return render("channel/note.txt", listen="\n".join(listen), **values).rstrip("\n")
