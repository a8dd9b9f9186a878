"""The bus of an application: its broker, its name, and what /ready says of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from spica import App
from spica.app.broadcasting import build_bus
from spica.app.health import Health
from spica.config.settings import AppSection, HealthSection, PubsubSection, Settings
from spica.pubsub import BrokerUnavailable, BrokerUrlError, PubSub
from spica.pubsub.brokers.local import LocalBroker
from spica.pubsub.brokers.redis import RedisBroker
from spica.pubsub.errors import BrokerLibraryMissing
from tests.serving import open_client
from tests.unit.pubsub.fakes import FakeBroker

KEY = "a secret of enough characters 0123456789"


def bus_of(
    url: str = "",
    *,
    env: str = "production",
    key: str = KEY,
    app: str = "shop",
    name: str = "",
    made_at: str = "/srv/shop",
) -> PubSub:
    settings = Settings(env=env, app=AppSection(name=app, secret_key=key), pubsub=PubsubSection(url=url, name=name))
    return build_bus(settings, made_at, Health(HealthSection(), explains=False))


def folder_of(bus: PubSub) -> Path:
    assert isinstance(bus._broker, LocalBroker)
    return bus._broker._folder.path


def test_a_test_is_alone_and_everything_else_hears_its_host() -> None:
    assert App(env="test").pubsub._broker is None
    for env in ("development", "production"):
        assert isinstance(App(env=env).pubsub._broker, LocalBroker)


def test_processes_of_one_application_meet_wherever_its_release_is() -> None:
    assert folder_of(bus_of(made_at="/srv/shop/1")) == folder_of(bus_of(made_at="/srv/shop/2"))


def test_applications_are_apart() -> None:
    different = [
        bus_of(),
        bus_of(env="development"),
        bus_of(key=KEY[::-1]),
        bus_of(app="blog"),
        bus_of(key=""),
        bus_of(key="", made_at="/srv/blog"),
        bus_of(key="", app="blog"),
        bus_of(name="shop"),
    ]
    assert len({folder_of(bus) for bus in different}) == len(different)


def test_a_folder_does_not_tell_the_key() -> None:
    assert KEY not in str(folder_of(bus_of()))
    assert len(folder_of(bus_of()).name) == 16


def test_on_a_server_environments_are_apart_and_processes_with_other_keys_are_not() -> None:
    def channel_of(**given: str) -> bytes:
        named = bus_of("redis://localhost", **given)._broker
        assert isinstance(named, RedisBroker)
        return named._channel

    assert channel_of() == b"spica:pubsub:shop.production"
    assert channel_of(env="staging") == b"spica:pubsub:shop.staging"
    assert channel_of(key="", made_at="/elsewhere") == channel_of()
    assert channel_of(name="shops", env="staging") == b"spica:pubsub:shops"


def test_a_name_replaces_all_of_that() -> None:
    assert folder_of(bus_of(name="shops")) == folder_of(bus_of(name="shops", key="", env="test2", app="blog"))
    assert folder_of(bus_of(name="shops")).name == "shops"


def test_two_files_of_one_folder_are_two_applications(tmp_path: Path) -> None:
    made = []
    for name in ("shop.py", "blog.py", "shop.py"):
        names: dict[str, App] = {}
        code = compile("from spica import App\napp = App(env='production')\n", str(tmp_path / name), "exec")
        exec(code, names)
        made.append(folder_of(names["app"].pubsub))
    assert made[0] == made[2] != made[1]


def test_an_unknown_broker_stops_the_boot() -> None:
    with pytest.raises(BrokerUrlError, match="kafka"):
        App(pubsub="kafka://localhost").core


def test_a_broker_that_there_is_not_is_told_with_the_line_that_names_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = sys._getframe().f_lineno + 1
    app = App(env="production", pubsub="rdis://localhost")
    with pytest.raises(BrokerUrlError) as raised:
        app.core
    assert raised.value.where == f"tests/unit/app/test_broadcasting.py:{line}  [pubsub] url = 'rdis://localhost'"
    (project / "config" / "pubsub.toml").write_text('[pubsub]\nname = "shop"\n[pubsub.test]\nurl = "redis:localhost"\n')
    with pytest.raises(BrokerUrlError) as raised:
        App(root=project, env="test").core
    assert raised.value.where == "config/pubsub.toml:4  [pubsub] url"
    monkeypatch.setenv("SPICA__PUBSUB__URL", "local://run/shop")
    for root in (project, None):
        with pytest.raises(BrokerUrlError) as raised:
            App(root=root, env="test").core
        assert raised.value.where == "SPICA__PUBSUB__URL  [pubsub] url"


def test_a_library_that_is_not_there_is_told_with_the_line_that_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BrokerLibraryMissing) as raised:
        App(env="production", pubsub="nats://localhost").core
    assert raised.value.where.startswith("tests/unit/app/test_broadcasting.py:")


async def test_a_folder_that_can_not_be_used_stops_the_start_and_not_the_compilation(project: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="spica-test-", dir="/tmp") as made:
        (Path(made) / "file").write_text("")
        (project / "config" / "pubsub.toml").write_text(f'[pubsub]\nurl = "local://{made}/file/shop"\nname = "shop"\n')
        app = App(root=project, env="test")
        app.core
        with pytest.raises(BrokerUnavailable) as raised:
            await app.startup()
        assert raised.value.where == f"config/pubsub.toml:2  [pubsub] url\n{made}/file/shop/shop"
        assert raised.value.why == f"{made}/file is no folder, so there can be none in it"
        await app.shutdown()


async def test_a_folder_that_can_be_used_is_left_as_it_was() -> None:
    with tempfile.TemporaryDirectory(prefix="spica-test-", dir="/tmp") as made:
        app = App(env="test", pubsub=f"local://{made}/run", config={"pubsub": {"name": "shop"}})
        await app.startup()
        assert list((Path(made) / "run").iterdir()) == []
        await app.pubsub.start()
        assert len(list((Path(made) / "run" / "shop").iterdir())) == 1
        await app.shutdown()


def test_the_section_is_checked(project: Path) -> None:
    (project / "config" / "pubsub.toml").write_text('[pubsub]\nurl = "memory"\nname = "../shop"\n')
    with pytest.raises(Exception, match="name"):
        App(root=project)
    (project / "config" / "pubsub.toml").write_text('[pubsub]\nurl = "local:///run/shop"\nname = "shop"\n')
    assert folder_of(App(root=project).pubsub) == Path("/run/shop/shop")


async def test_ready_says_when_others_can_not_be_reached() -> None:
    app = App(env="development", pubsub="memory")
    broker = FakeBroker()
    app._pubsub = bus = PubSub(broker)
    app.health.add("pubsub", bus.check)
    async with open_client(app) as client:
        (await client.get("/ready")).expect_ok()
        await bus.start()
        broker.is_lost = True
        app.health._checks["pubsub"]._asked_at = 0  # a verdict is kept for a moment
        answer = await client.get("/ready")
        answer.expect_status(503)
        assert "the server is gone" in json.loads(answer.content)["checks"]["pubsub"]


async def test_a_broadcast_that_others_did_not_get_is_a_503() -> None:
    app = App(env="production", pubsub="memory")
    app._pubsub = PubSub(FakeBroker())

    @app.post("/say")
    async def say() -> None:
        raise BrokerUnavailable("other processes can't be reached", where="redis://10.0.0.7", why="refused")

    async with open_client(app) as client:
        answer = await client.post("/say").accept("json")
        answer.expect_problem(503)
        assert "10.0.0.7" not in answer.text


async def test_it_is_stopped_with_the_application() -> None:
    broker = FakeBroker()
    app = App(pubsub="memory")
    app._pubsub = PubSub(broker)
    await app.startup()
    await app.pubsub.broadcast("t", "one")
    assert broker.hall.brokers == [broker]
    await app.shutdown()
    assert not broker.hall.brokers


async def test_a_server_is_connected_to_at_the_start_and_a_host_when_it_is_needed() -> None:
    app = App(env="development")
    await app.startup()
    assert app.pubsub._connection is None
    assert json.loads((await app.health.tell_ready()).body)["checks"] == {}
    await app.pubsub.start()
    assert json.loads((await app.health.tell_ready()).body)["checks"] == {"pubsub": "ok"}
    await app.shutdown()
    heard = App(env="development", pubsub="memory")
    broker = FakeBroker()
    heard._pubsub = PubSub(broker)
    heard.pubsub.listen("t", lambda event: None)
    await heard.startup()
    await heard.pubsub.start()
    assert broker.starts == 1
    await heard.shutdown()


def test_an_application_without_channels_loads_nothing_of_them() -> None:
    code = """
import asyncio, sys
from spica import App
app = App(env="test")
@app.get("/")
def hello(): return "hello"
async def main():
    await app.startup()
    await app.shutdown()
asyncio.run(main())
heavy = ("spica.channels", "spica.presence", "spica.pubsub.bus", "spica.pubsub.brokers")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
