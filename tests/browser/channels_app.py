"""An application with channels for the browser tests, written as a project: pages that have the phoenix client."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "main.py": """
from pathlib import Path

from spica import App

app = App(root=Path(__file__).parent)
""",
    "config/app.toml": '[app]\nname = "Channels"\n',
    "config/middleware.py": """
from spica import middleware as m


def draw(p: m.Pipelines) -> None:
    p.use(m.SecurityHeaders)
    with p.pipeline("browser"):
        p.use(m.Session, m.Csrf)
""",
    "config/routes.py": """
from spica.routing import Routes

from app.channels import SessionSocket, UserSocket


def draw(r: Routes) -> None:
    r.root("home#index")
    r.get("/sign_in/{name}", "home#sign_in")
    r.socket("/socket", UserSocket)
    r.socket("/mine", SessionSocket)
""",
    "app/controllers/home_controller.py": """
from spica import Controller


class HomeController(Controller):
    async def index(self):
        return self.render("index")

    async def sign_in(self, name: str):
        self.session["name"] = name
        return self.redirect_to("/")
""",
    "app/views/home/index.html": """
<!doctype html>
<html lang="en">
  <head>
    <title>Channels</title>
    <link rel="icon" href="data:">
    {{ importmap_tag() }}
    {{ script_tag("page.js", module=True) }}
  </head>
  <body><h1>Channels</h1></body>
</html>
""",
    "app/assets/page.js": """
import { Presence, Socket } from "phoenix";

// What the tests call. `said` has what happened to the socket and the channels, in order.
window.said = [];
window.Presence = Presence;
window.connect = (path = "/socket", options = {}) => {
  const socket = new Socket(path, { rejoinAfterMs: () => 50, reconnectAfterMs: () => 50, ...options });
  socket.onOpen(() => said.push("open"));
  socket.onClose(({ code }) => said.push(`closed ${code}`));
  socket.connect();
  return socket;
};
window.ask = (push) =>
  new Promise((resolve) => {
    for (const status of ["ok", "error", "timeout"]) push.receive(status, (response) => resolve([status, response]));
  });
window.join = async (socket, topic, params = {}) => {
  const channel = socket.channel(topic, params);
  channel.heard = [];
  channel.onMessage = (event, payload) => {
    if (!event.startsWith("chan_reply_") && event !== "phx_reply") {
      channel.heard.push([event, payload instanceof ArrayBuffer ? [...new Uint8Array(payload)] : payload]);
    }
    return payload;
  };
  channel.onError(() => said.push(`${topic} failed`));
  channel.onClose(() => said.push(`${topic} closed`));
  channel.joins = [];
  const answer = channel.join();
  answer.receive("ok", (reply) => channel.joins.push(reply));
  channel.answer = await ask(answer);
  return channel;
};
window.octets = (...values) => new Uint8Array(values).buffer;
""",
    "app/channels.py": """
import asyncio
import os

from spica import Channel, Forbidden, Session, Socket, Unauthorized, UnprocessableContent, on, pubsub


class RoomChannel(Channel, topic="room:{name}"):
    async def join(self, name: str, nickname: str = "anonymous"):
        if name == "locked":
            raise Forbidden("this room is locked")
        self.nickname = nickname
        return {"name": name, "nickname": nickname, "user": self.socket.user, "pid": os.getpid()}

    @on("echo")
    async def echo(self, text: str):
        return {"text": text}

    @on("quiet")
    async def quiet(self):
        pass

    @on("refuse")
    async def refuse(self):
        raise UnprocessableContent("not like this")

    @on("silent", reply=False)
    async def silent(self):
        pass

    @on("wait")
    async def wait(self):
        await asyncio.sleep(60)

    @on("shout")
    async def shout(self, text: str):
        await self.broadcast("shout", {"text": text, "by": self.nickname})

    @on("whisper")
    async def whisper(self, text: str):
        await self.push("whisper", {"text": text})
        await self.broadcast_from("whisper", {"text": f"others: {text}"})

    @on("bare")
    async def bare(self):
        await pubsub.broadcast(self.topic, "bare")

    @on("octets")
    async def octets(self, payload: bytes):
        await self.push("pushed", payload + b"\\x02")
        await self.broadcast("octets", payload + b"\\x03")
        return payload + b"\\x01"

    @on("cut")
    async def cut(self):
        await UserSocket.disconnect(self.socket.id)

    @on("end")
    async def end(self):
        await self.close("enough")

    @on("crash")
    async def crash(self):
        raise RuntimeError("as the test wants it")


class PeopleChannel(Channel, topic="people:{name}"):
    async def join(self, nickname: str, mood: str = "fine"):
        self.nickname = nickname
        await self.presence.track(nickname, {"mood": mood})

    @on("feel")
    async def feel(self, mood: str):
        await self.presence.update(self.nickname, {"mood": mood})


class UserSocket(Socket):
    channels = [RoomChannel, PeopleChannel]

    async def connect(self, token: str = "nobody"):
        if token == "wrong":
            raise Unauthorized("who are you?")
        self.user = self.id = token


class SessionSocket(Socket):
    channels = [RoomChannel]

    async def connect(self, session: Session):
        self.user = session.get("name")
        return self.user is not None
""",
}


def write_app(folder: Path) -> Path:
    """Write the application into a folder. Returns the folder."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.lstrip())
    return folder
