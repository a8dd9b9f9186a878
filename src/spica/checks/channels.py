"""channels: topics and addresses in scripts that nothing answers, methods that hide one of the framework's or miss a
parameter of their topic; and classes that no socket or route names.

What a signature or a topic's pattern has wrong stops the boot, and is told by that check.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

from spica.app.application import App
from spica.channels.channel import Channel
from spica.channels.errors import InvalidTopicPattern
from spica.channels.socket import Socket
from spica.channels.topic import TopicPattern, parse_topic
from spica.checks.channel_scripts import Use, find_lost_imports, find_uses
from spica.checks.finding import Found
from spica.checks.project import Project
from spica.checks.python_files import last_name
from spica.checks.template_markup import VALUE
from spica.errors.base import closest
from spica.routing.route import Route

# What may stand for a value: one of these fits every built-in type of a topic's parameter.
_SAMPLES = ("7", "a", "00000000-0000-4000-8000-000000000000", "2026-01-31", "0.5")
_COLON = re.compile(r":(?![^{}]*\})")  # one between the parts of a topic, and not in a parameter
_LONG_POLL_PATHS = ("/websocket", "/longpoll")
# What a class of the project is meant to have of its own.
_YOURS = {
    Channel: {"join", "leave", "topics"},
    Socket: {"channels", "connect", "disconnected", "id", "max_channels"},
}


def find(project: Project) -> Iterator[Found]:
    """Compare what scripts ask for with the sockets and channels that there are; look at the methods of these."""
    app = project.loaded
    if not isinstance(app, App):
        return
    sockets = find_sockets(app)
    patterns = [pattern for _, socket in sockets for pattern in _patterns(socket)]
    for use in find_uses(project):
        if use.kind == "socket":
            yield from _check_address(use, [route for route, _ in sockets])
        elif not any(_takes(pattern, use.text) for pattern in patterns):
            yield _unknown_topic(use, patterns)
    for file, line in find_lost_imports(project):
        yield Found(
            file,
            line,
            "the browser does not find 'phoenix': no page has an import map",
            "a module imports what is no address by the names of a map",
            "write {{ importmap_tag() }} before the first {{ script_tag(..., module=True) }}",
        )
    for socket in dict.fromkeys(socket for _, socket in sockets):
        if not socket.channels:
            yield Found(
                project.relative(inspect.getfile(socket)),
                inspect.getsourcelines(socket)[1],
                f"{socket.__name__} has no channels",
                'whoever connects can join nothing: "unmatched topic"',
                "list their classes: channels = [ChatChannel]",
            )
    classes = {channel for _, socket in sockets for channel in socket.channels} | {socket for _, socket in sockets}
    for kind in sorted(classes, key=lambda one: (one.__module__, one.__qualname__)):
        yield from _check_methods(project, kind)
        if issubclass(kind, Channel):
            yield from _check_join(project, kind)


def find_unused(project: Project) -> Iterator[Found]:
    """Compare the classes of channels and sockets in the project's files with those that routes lead to."""
    app = project.loaded
    if not isinstance(app, App):
        return
    sockets = [socket for _, socket in find_sockets(app)]
    used = {(one.__module__, one.__name__) for socket in sockets for one in (socket, *socket.channels)}
    for file in project.python_files:
        module = file.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for node in file.tree.body:
            if not isinstance(node, ast.ClassDef) or (module, node.name) in used:
                continue
            bases = {last_name(base) for base in node.bases}
            if "Channel" in bases and any(keyword.arg == "topic" for keyword in node.keywords):
                names = [socket.__name__ for socket in sockets]
                yield Found(
                    file.name,
                    node.lineno,
                    f"{node.name} is in no socket that a route leads to",
                    "nobody can join it",
                    f"add it: channels = [..., {node.name}] of {' or '.join(names) or 'a Socket'}",
                )
            elif "Socket" in bases:
                fix = f'add a route: r.socket("/socket", {node.name})'
                yield Found(file.name, node.lineno, f"no route leads to {node.name}", "nobody can connect to it", fix)


def find_sockets(app: App) -> list[tuple[Route, type[Socket]]]:
    """The routes of sockets, each with its class."""
    return [
        (route, route.target)
        for route in app.routes
        if route.kind == "socket" and isinstance(route.target, type) and issubclass(route.target, Socket)
    ]


def _patterns(socket: type[Socket]) -> Iterator[TopicPattern]:
    for channel in socket.channels:
        yield from _patterns_of(channel)


def _patterns_of(channel: type[Channel]) -> Iterator[TopicPattern]:
    for text in channel.topics:
        try:
            yield parse_topic(text)
        except InvalidTopicPattern:
            continue  # the check of boot tells it


def _takes(pattern: TopicPattern, topic: str) -> bool:
    """Whether a topic can be one of a pattern's; what is put into it may be any text, colons too."""
    if VALUE not in topic:
        return pattern.match(topic) is not None
    parts = [parse_topic(part) for part in _COLON.split(pattern.text)]
    return _parts_fit(topic.split(":"), parts)


def _parts_fit(parts: list[str], patterns: list[TopicPattern]) -> bool:
    if not parts or not patterns:
        return not parts and not patterns
    if any(parameter.takes_rest for parameter in patterns[0].parameters):
        return True
    if parts[0] == VALUE:
        return any(_parts_fit(parts[1:], patterns[taken:]) for taken in range(1, len(patterns) + 1))
    choices = [choice for parameter in patterns[0].parameters for choice in parameter.converter.choices]
    texts = [parts[0].replace(VALUE, sample) for sample in (*_SAMPLES, *choices)]
    return any(patterns[0].match(text) is not None for text in texts) and _parts_fit(parts[1:], patterns[1:])


def _unknown_topic(use: Use, patterns: list[TopicPattern]) -> Found:
    shown = use.text.replace(VALUE, "{…}")
    known = {pattern.text.partition(":")[0]: pattern.text for pattern in patterns}
    near = [known[head] for head in closest(use.text.partition(":")[0], known)]
    there = ", ".join(pattern.text for pattern in patterns) or "none"
    fix = f"did you mean {' or '.join(near)}?" if near else f"the topics are {there}"
    return Found(
        use.file, use.line, f"no channel has the topic {shown!r}", 'its join is refused: "unmatched topic"', fix
    )


def _check_address(use: Use, routes: list[Route]) -> Iterator[Found]:
    path = re.sub(r"^wss?://[^/]*", "", use.text).partition("?")[0]
    for suffix in _LONG_POLL_PATHS:
        path = path.removesuffix(suffix)
    if not path.startswith("/") or VALUE in path:
        return
    known = [str(route.pattern) for route in routes]
    if path not in known and not any(route.pattern.parameters for route in routes):
        near = closest(path, known)
        fix = f"did you mean {near[0]}?" if near else f'add a route: r.socket("{path}", UserSocket)'
        why = "the page would try to connect again and again"
        yield Found(use.file, use.line, f"no route of a socket is at {path!r}", why, fix)


def _check_methods(project: Project, kind: type) -> Iterator[Found]:
    """What of the framework's a class replaces without being meant to."""
    base = Channel if issubclass(kind, Channel) else Socket
    for cls in kind.__mro__[: kind.__mro__.index(base)]:
        for name in sorted(vars(cls).keys() & vars(base).keys() - _YOURS[base]):
            if name.startswith("_"):
                continue
            file, line = project.relative(inspect.getfile(cls)), inspect.getsourcelines(cls)[1]
            if inspect.isfunction(method := vars(cls)[name]):
                line = inspect.getsourcelines(method)[1]
            yield Found(
                file,
                line,
                f"{cls.__name__}.{name} hides {base.__name__}.{name}",
                f"self.{name}(...) of this class, and of what Spica does for it, would come here",
                f'give the method another name; the event keeps its own: @on("{name}")',
            )


def _check_join(project: Project, kind: type[Channel]) -> Iterator[Found]:
    """A parameter that `join` wants of its client, and that was meant to be the topic's: their names are near."""
    if kind.join is Channel.join or not inspect.isfunction(kind.join):
        return
    parameters = list(inspect.signature(kind.join).parameters.values())[1:]
    named = {parameter.name for parameter in parameters}
    patterns = [pattern for pattern in _patterns_of(kind) if pattern.names]
    for pattern in patterns:
        left = [name for name in pattern.names if name not in named]
        for parameter in parameters:
            if parameter.default is not parameter.empty or any(parameter.name in one.names for one in patterns):
                continue
            if near := closest(parameter.name, left):
                yield Found(
                    project.relative(inspect.getfile(kind.join)),
                    inspect.getsourcelines(kind.join)[1],
                    f"{kind.__name__}.join takes {parameter.name!r} from its client; its topic has {near[0]!r}",
                    "a join without it in its payload is refused",
                    f"call it {near[0]}, or give it a default if clients are to send it",
                )
