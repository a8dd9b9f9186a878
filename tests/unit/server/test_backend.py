"""Which backend a system has, and which one a loop can serve."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from spica._core import POLLER
from spica.config.server_settings import RuntimeSection
from spica.config.settings import Settings
from spica.server import backend
from spica.server.backend import Backend, check_backend, uses_transports
from spica.server.errors import RuntimeSettingError
from spica.server.plan import Plan, Typed
from spica.server.planning import build_plan

OTHER: Any = "kqueue" if POLLER == "epoll" else "epoll"


def test_the_cores_own_sockets_are_taken_where_the_loop_can_watch_them() -> None:
    assert not uses_transports("auto", is_watched=True)
    assert not uses_transports(POLLER, is_watched=True)
    assert uses_transports("asyncio", is_watched=True)


def test_a_loop_that_watches_nothing_gets_transports_and_no_slow_service() -> None:
    assert uses_transports("auto", is_watched=False)
    assert uses_transports("asyncio", is_watched=False)
    with pytest.raises(RuntimeSettingError, match=f"this event loop can't serve {POLLER}") as caught:
        uses_transports(POLLER, is_watched=False)
    assert '"asyncio"' in caught.value.fix


@pytest.mark.parametrize(
    ("here", "wanted", "of"), [("kqueue", "epoll", "Linux"), ("epoll", "kqueue", "macOS and FreeBSD")]
)
def test_another_systems_backend_is_refused_and_ours_is_named(
    here: str, wanted: Backend, of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "POLLER", here)
    for fine in ("auto", here, "asyncio"):
        check_backend(fine)  # type: ignore[arg-type]
    with pytest.raises(RuntimeSettingError) as caught:
        check_backend(wanted)
    assert caught.value.what == f"there is no {wanted} here"
    assert of in caught.value.why
    assert here in caught.value.fix
    with pytest.raises(RuntimeSettingError):
        uses_transports(wanted, is_watched=True)


def test_a_backend_that_there_is_not_is_refused_before_anything_starts() -> None:
    settings = Settings(env="test", runtime=RuntimeSection(backend=OTHER))
    with pytest.raises(RuntimeSettingError, match=f"there is no {OTHER} here"):
        build_plan(Typed(None, "/srv/blog"), settings)


def test_plan_and_configuration_know_the_same_backends() -> None:
    for owner in (RuntimeSection, Plan):
        assert get_args(get_type_hints(owner)["backend"]) == get_args(Backend)
