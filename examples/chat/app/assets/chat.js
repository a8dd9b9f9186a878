// A room in real time. Without this script the page can be read, and its form sends messages.
import { Presence, Socket } from "phoenix";

const page = document.querySelector(".room");
const [messages, blank, here, status, form] = ["messages", "message", "here", "status", "say"].map((id) => page.querySelector(`#${id}`));
const typing = new Map(); // name to timer
let told = 0; // when the others were told that we type
const socket = new Socket("/socket");
const channel = socket.channel(`room:${page.dataset.room}`, () => ({ after: Number(messages.lastElementChild?.dataset.id ?? 0) }));
const presence = new Presence(channel);

// A join, the first one and each after a break, is answered with what the page does not have yet.
channel
  .join()
  .receive("ok", ({ history }) => history.forEach(show))
  .receive("error", ({ reason }) => (status.textContent = reason));
channel.on("new_msg", show);
channel.on("typing", ({ name }) => setTyping(name, true));
presence.onSync(() => {
  const names = presence.list((name) => name).sort();
  here.replaceChildren(...names.map((name) => make("li", name)));
});
socket.onOpen(tell);
socket.onClose(tell);
socket.connect();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = form.elements.body.value;
  const fail = (why) => {
    form.elements.body.value ||= body;
    status.textContent = why;
  };
  channel
    .push("new_msg", { body })
    .receive("error", () => fail("That was not accepted."))
    .receive("timeout", () => fail("Nobody answers. Is the server there?"));
  form.reset();
  told = 0;
});

form.addEventListener("input", () => {
  if (Date.now() - told < 1000 || !socket.isConnected()) return;
  told = Date.now();
  channel.push("typing");
});

function show({ id, author, body, created_at }) {
  setTyping(author, false);
  if (messages.querySelector(`[data-id="${id}"]`)) return;
  const item = blank.content.firstElementChild.cloneNode(true);
  item.dataset.id = id;
  item.classList.toggle("mine", author === page.dataset.me);
  item.querySelector("strong").textContent = author;
  item.querySelector("time").dateTime = created_at;
  item.querySelector("p").textContent = body;
  messages.append(item);
  settle();
}

function settle() {
  for (const time of messages.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }
  messages.parentElement.scrollTop = messages.parentElement.scrollHeight;
}

function setTyping(name, is) {
  clearTimeout(typing.get(name));
  typing.delete(name);
  if (is) typing.set(name, setTimeout(setTyping, 3000, name, false));
  tell();
}

function tell() {
  const names = [...typing.keys()].join(", ");
  status.textContent = !socket.isConnected() ? "Connecting…" : names && `${names} ${typing.size > 1 ? "are" : "is"} typing…`;
}

function make(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

settle();
