"""What is known of sockets and channels before the first is joined, and every mistake in them."""

from __future__ import annotations

from typing import Any

import pytest

from spica import App, Channel, Socket, on, on_broadcast, on_info
from spica.app.errors import BootError
from spica.channels import DuplicateTopic, InvalidHandler, InvalidSocket, InvalidTopicPattern
from spica.channels.compiled import compile_socket
from spica.errors import SpicaError
from spica.injection.errors import SignatureError
from spica.routing import Routes
from spica.routing.errors import InvalidTargetError


def mistakes(*channels: Any) -> list[SpicaError]:
    """The mistakes in a socket with these channels."""

    class UserSocket(Socket):
        pass

    UserSocket.channels = channels
    return compile_socket(UserSocket).mistakes


def test_channels_that_are_no_list() -> None:
    class Room(Channel, topic="room"): ...

    for given, shown in ((Room, "Room"), ("Room", "'Room'"), (None, "None")):

        class UserSocket(Socket):
            channels: Any = given

        (mistake,) = compile_socket(UserSocket).mistakes
        assert isinstance(mistake, InvalidSocket)
        assert mistake.what == f"the channels of UserSocket are {shown}, which is no list"
        assert "test_compiled.py" in mistake.where


def test_handlers_are_found_by_their_events() -> None:
    class Base(Channel, topic="base"):
        @on("a", "b")
        def ab(self) -> str:
            return "base"

        @on("c")
        def c(self) -> None: ...

        @on_broadcast("x")
        def _(self) -> None: ...

        @on_broadcast("y")
        def _(self) -> None: ...

        @on_info("z")
        def _(self) -> None: ...

    class Derived(Base, topic="derived"):
        def ab(self) -> str:
            return "derived"

        @on("c", "d", reply=False)
        def other(self) -> None: ...

    class UserSocket(Socket):
        channels = (Base, Derived)

    compiled = compile_socket(UserSocket)
    assert compiled.mistakes == []
    found = compiled.topics.find("derived")
    assert found is not None
    derived = found[0]
    assert derived.kind is Derived
    assert sorted(derived.messages) == ["a", "b", "c", "d"]
    assert derived.messages["a"].function is Derived.ab, "an override keeps the events"
    assert derived.messages["c"].function is Derived.other
    assert (derived.messages["a"].replies, derived.messages["c"].replies) == (True, False)
    assert derived.intercepts == {"x", "y"}, "several methods may be called _"
    assert list(derived.infos) == ["z"]


def test_all_mistakes_of_a_socket_are_told_at_once() -> None:
    class NoTopic(Channel):
        pass

    class Wrong(Channel, topic=["room:{id:itn}", "room:{"]):
        @on("a")
        def a(self, other: pytest.MonkeyPatch) -> None: ...

        @on("a")
        def again(self) -> None: ...

        async def join(self, *args: int) -> None: ...

        def leave(self) -> None: ...  # type: ignore[override]

    class One(Channel, topic="x:{a}"): ...

    class Two(Channel, topic="x:{b}"): ...

    found = mistakes(NoTopic, Wrong, One, Two, int)
    assert [type(one) for one in found] == [
        *(InvalidTopicPattern, InvalidTopicPattern, InvalidTopicPattern),
        *(InvalidHandler, SignatureError, SignatureError),
        *(InvalidSocket, DuplicateTopic),
    ]
    assert all(one.where for one in found)
    assert "test_compiled.py" in found[0].where


def test_a_mark_within_a_decorator_of_the_users() -> None:
    def loudly(event: str) -> Any:
        return lambda method: on(event)(method)

    class Loud(Channel, topic="x"):
        @loudly("a")
        def a(self) -> None: ...

        b = loudly("b")(lambda self: None)

    class UserSocket(Socket):
        channels = (Loud,)

    found = compile_socket(UserSocket).topics.find("x")
    assert found is not None
    assert sorted(found[0].messages) == ["a", "b"]


def test_a_leave_that_takes_more_than_the_reason() -> None:
    class Wrong(Channel, topic="x"):
        def leave(self, reason: str, more: str) -> None: ...  # type: ignore[override]

    [found] = mistakes(Wrong)
    assert isinstance(found, InvalidHandler)


def test_marks_refuse_at_once_what_can_never_be_called() -> None:
    with pytest.raises(InvalidHandler, match="names no event"):
        on()(lambda self: None)
    with pytest.raises(InvalidHandler, match="an event of the protocol"):
        on("phx_join")(lambda self: None)
    with pytest.raises(InvalidHandler, match="yields"):

        @on("a")
        def several(self: Any) -> Any:
            yield

    with pytest.raises(InvalidHandler, match="no method"):
        on("a")(7)  # type: ignore[type-var]


def test_an_application_tells_them_when_it_is_compiled() -> None:
    class Wrong(Channel, topic="x"):
        @on("a")
        def a(self, a: pytest.MonkeyPatch) -> None: ...

        @on("b")
        def b(self, b: pytest.MonkeyPatch) -> None: ...

    class UserSocket(Socket):
        channels = (Wrong,)

        def connect(self, c: pytest.MonkeyPatch) -> None: ...

    app = App()
    app.socket("/socket", UserSocket)
    with pytest.raises(BootError) as told:
        app.core
    assert len(told.value.mistakes) == 3, "both addresses have them, and they are told once"


def test_what_is_no_socket() -> None:
    app = App()
    with pytest.raises(InvalidTargetError, match="which is no class"):
        app.socket("/socket", Socket())  # type: ignore[call-overload]
    app.socket("/socket", int)
    with pytest.raises(InvalidSocket, match="is no socket"):
        app.core


def test_where_a_socket_is_declared() -> None:
    class UserSocket(Socket):
        pass

    r = Routes()
    with r.scope("/api", name="api"):
        r.socket("/socket", UserSocket, origins=["https://app.example"])
    [route] = r.routes
    assert (route.verb, route.kind, route.name, route.origins) == (
        *("SOCKET", "socket", "api_socket"),
        ("https://app.example",),
    )
    assert [one.pattern.text for one in route.variants] == ["/api/socket", "/api/socket/websocket"]
    app = App()

    @app.socket("/user/{id:int}")
    class Other(Socket): ...

    assert isinstance(Other, type)
    assert [row.pattern for row in app.route_rows()] == ["/user/{id:int}"]
