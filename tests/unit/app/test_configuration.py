"""spica.app.configuration: what an application in one file is given, and what variables change of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spica import App, Socket
from spica.config.errors import ConfigurationError
from spica.config.settings import Settings

KEY = "a secret of enough characters 0123456789"


def problems(**given: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        App(**given)
    return [" ".join(str(one).split()) for one in raised.value.problems]


def test_sections_are_given_as_files_have_them() -> None:
    app = App(
        env="production",
        secret_key=KEY,
        pubsub="memory",
        config={
            "pubsub": {"name": "shop"},
            "presence": {"heartbeat_s": 3, "production": {"heartbeat_s": 0.5}, "test": {"heartbeat_s": 9}},
            "app": {"name": "shop"},
        },
    )
    settings = app.settings
    assert (settings.pubsub.url, settings.pubsub.name) == ("memory", "shop")
    assert settings.presence.heartbeat_s == 0.5
    assert (settings.app.name, settings.app.secret_keys, settings.env) == ("shop", [KEY], "production")
    assert (settings.server, settings.root) == (Settings().server, None)


def test_the_heartbeat_of_presence_is_that_of_the_configuration() -> None:
    app = App(env="test", config={"presence": {"heartbeat_s": 0.25}})

    @app.socket("/socket")
    class UserSocket(Socket): ...

    fanout = app.compiled.fanout
    assert fanout is not None
    assert fanout.presence.heartbeat_s == 0.25


def test_variables_win_over_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPICA__PUBSUB__URL", "memory")
    monkeypatch.setenv("SPICA__PRESENCE__HEARTBEAT_S", "2.5")
    monkeypatch.setenv("SPICA__SERVER__PORT", "4000")
    for config in (None, {"presence": {"heartbeat_s": 1}}):
        settings = App(pubsub="redis://localhost", config=config).settings
        assert (settings.pubsub.url, settings.presence.heartbeat_s, settings.server.port) == ("memory", 2.5, 4000)


def test_every_mistake_is_told_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems(config={"presense": {}, "presence": {"hearbeat_s": 1}, "pubsub": {"name": "../x"}, "name": "shop"})
    assert len(found) == 4
    line = problems.__code__.co_firstlineno + 2
    assert all(one.startswith(f"tests/unit/app/test_configuration.py:{line} ") for one in found)
    text = "\n".join(found)
    assert "[presense] is not a section fix: did you mean presence?" in text
    assert "[presence] has no key 'hearbeat_s' fix: did you mean heartbeat_s?" in text
    assert "[pubsub] name" in text
    monkeypatch.setenv("SPICA__PRESENCE__HEARTBEAT", "1")
    assert problems() == [
        "SPICA__PRESENCE__HEARTBEAT names no section and key fix: did you mean SPICA__PRESENCE__HEARTBEAT_S?"
    ]


def test_what_is_given_twice_is_a_mistake() -> None:
    [problem] = problems(pubsub="memory", config={"pubsub": {"url": "local"}})
    assert "'url' in [pubsub] is set already in tests/unit/app/test_configuration.py" in problem


def test_the_server_is_told_by_other_means() -> None:
    [problem] = problems(config={"server": {"port": 4000}})
    assert "[server] can't be given to App: the server is told before there is one" in problem
    assert "export SPICA__SERVER__PORT=..." in problem


def test_a_project_has_files_for_it(project: Path) -> None:
    [problem] = problems(root=project, env="test", config={"presence": {"heartbeat_s": 1}})
    assert "config= is for an application in one file, and this one has a folder" in problem
    assert str(project / "config") in problem


@pytest.mark.parametrize("config", [None, {"presence": {"heartbeat_s": 1}}])
def test_variables_of_sections_of_a_project_are_left(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, Any] | None
) -> None:
    monkeypatch.setenv("SPICA__PAYMENTS__KEY", "abc")
    monkeypatch.setenv("SPICA__SERVER__WEBSOCKET__ORIGINS", "https://a.example")
    assert App(config=config).settings.server.websocket.origins == ["https://a.example"]
    monkeypatch.setenv("SPICA__SERVER__WEBSOCKET__ORIGIN", "https://a.example")
    [problem] = problems(config=config)
    assert problem.startswith("SPICA__SERVER__WEBSOCKET__ORIGIN names no section and key")


def test_a_key_is_judged_the_same_with_sections_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = App(env="test", secret_key="short").settings.app
    assert App(env="test", secret_key="short", config={"presence": {"heartbeat_s": 1}}).settings.app == alone
    monkeypatch.setenv("SPICA__PUBSUB__URL", "memory")
    assert App(env="test", secret_key="short").settings.app == alone
    assert App(env="test", secret_key="${HOME}").settings.app.secret_keys == ["${HOME}"]
    [problem] = problems(env="test", secret_key=KEY, config={"app": {"secret_key": KEY}})
    assert "'secret_key' in [app] is set already" in problem
    monkeypatch.setenv("SPICA__APP__SECRET_KEY", KEY)
    assert App(env="test", secret_key="short").settings.app.secret_keys == [KEY]
