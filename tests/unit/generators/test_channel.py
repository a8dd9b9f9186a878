"""Plans of channels: what is written where the project has a socket already, and how it is taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from spica.generators.apply import Outcome, check_steps, decide, write_steps
from spica.generators.errors import BadName, FilesDiffer
from spica.generators.kinds.channel import find_events, plan_channel
from spica.generators.plan import Plan
from spica.generators.project import Project

ROUTES = 'from spica.routing import Routes\n\n\ndef draw(r: Routes) -> None:\n    r.root("home#index")\n'
OWN_SOCKET = """from spica import Socket


class LiveSocket(Socket):
    channels = []

    async def connect(self, session):
        self.user_id = session["user_id"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/routes.py").write_text(ROUTES)
    return Project(tmp_path, datetime(2026, 11, 21, tzinfo=UTC))


def carry_out(plan: Plan, root: Path, *, force: bool = False) -> dict[str, Outcome]:
    steps = decide(plan, root, force=force)
    check_steps(steps)
    write_steps(steps, root)
    return {step.path: step.outcome for step in steps}


def tree(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def test_two_channels_and_back_again(project: Project) -> None:
    root, before = project.root, tree(project.root)
    carry_out(plan_channel(project, "Chat", ["new_msg", "typing", "new_msg"]), root)
    first = tree(root)
    assert set(first) - set(before) == {
        "app/channels/chat_channel.py",
        "app/channels/user_socket.py",
        "tests/channels/test_chat.py",
        "tests/channels/test_user_socket.py",
    }
    assert first["config/routes.py"].endswith('    r.root("home#index")\n    r.socket("/socket", UserSocket)\n')
    assert first["app/channels/chat_channel.py"].count("@on(") == 2
    done = carry_out(plan_channel(project, "GameChannel", []), root)
    assert done["app/channels/user_socket.py"] is Outcome.INSERT
    assert "config/routes.py" not in done
    again = carry_out(plan_channel(project, "chat", ["new_msg", "typing"]), root)
    assert set(again.values()) == {Outcome.IDENTICAL}
    carry_out(plan_channel(project, "Game", find_events(project, "Game")).undone(), root)
    assert tree(root) == first
    assert find_events(project, "Chat") == ["new_msg", "typing"]
    carry_out(plan_channel(project, "Chat", find_events(project, "Chat")).undone(), root)
    assert tree(root) == before
    assert not (root / "app").exists(), "folders that are empty go too"


def test_a_socket_of_the_projects_own_gets_the_channel(project: Project) -> None:
    root = project.root
    routes = (
        ROUTES.replace("Routes\n", "Routes\n\nfrom app.live import LiveSocket\n", 1)
        + '    r.socket("/live", LiveSocket)\n'
    )
    (root / "config/routes.py").write_text(routes)
    (root / "app").mkdir()
    (root / "app/live.py").write_text(OWN_SOCKET)
    plan = plan_channel(project, "Chat", [])
    carry_out(plan, root)
    assert "channels = [ChatChannel]" in (root / "app/live.py").read_text()
    assert (root / "config/routes.py").read_text() == routes
    assert not (root / "app/channels/user_socket.py").exists()
    assert plan.notes[0] == (
        "tests/channels/test_chat.py connects with a token; give it what LiveSocket.connect asks for."
    )
    assert 'new Socket("/live"' in plan.notes[1]
    carry_out(plan_channel(project, "Chat", []).undone(), root)
    assert (root / "app/live.py").read_text() == OWN_SOCKET
    assert (root / "config/routes.py").read_text() == routes


def test_a_list_that_can_not_be_read_is_left_to_the_user(project: Project) -> None:
    (project.root / "app/channels").mkdir(parents=True)
    path = project.root / "app/channels/user_socket.py"
    path.write_text("class UserSocket(Socket):\n    channels = all_channels()\n")
    plan = plan_channel(project, "Chat", [])
    done = carry_out(plan, project.root)
    assert plan.notes[0] == "Add ChatChannel to the channels of UserSocket in app/channels/user_socket.py."
    assert done["config/routes.py"] is Outcome.INSERT, "the socket had no route"
    assert path.read_text().endswith("all_channels()\n")


def test_a_changed_channel_is_not_removed(project: Project) -> None:
    root = project.root
    carry_out(plan_channel(project, "Chat", []), root)
    path = root / "app/channels/chat_channel.py"
    path.write_text(path.read_text() + "# mine\n")
    before = tree(root)
    undone = plan_channel(project, "Chat", find_events(project, "Chat")).undone()
    with pytest.raises(FilesDiffer, match="1 file differs from what would be generated; nothing was removed"):
        carry_out(undone, root)
    assert tree(root) == before
    assert carry_out(undone, root, force=True)["app/channels/chat_channel.py"] is Outcome.REMOVE
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "event", "why"),
    [
        ("class", "a", "is a word of Python"),
        ("1x", "a", "starts with a letter"),
        ("Chat", "phx_join", "the protocol's own events"),
        ("Chat", "broadcast", "channels have a broadcast"),
        ("Chat", "new-msg!", "letters, digits and _"),
    ],
)
def test_names_that_can_not_be(project: Project, name: str, event: str, why: str) -> None:
    with pytest.raises(BadName) as caught:
        plan_channel(project, name, [event])
    assert why in caught.value.why
