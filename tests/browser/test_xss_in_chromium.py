# ruff: noqa: E501  a template a line
"""Promise 41: hostile values in every place of a page. No script runs, and no element or attribute comes into being."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spica.templates import Templates
from spica.templates.errors import UnsafeContextError
from tests.browser.chromium import running_chromium
from tests.browser.xss_payloads import PAYLOADS

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

# What stands at {{ x }} is hostile. By the suffix of the name, the format and the syntax.
SAFE = {
    "text.html": "<p>{{ x }}</p>",
    "after_less_than.html": "<p>a < {{ x }}</p>",
    "title.html": "<title>{{ x }}</title>",
    "textarea.html": "<textarea>{{ x }}</textarea>",
    "noscript.html": "<noscript>{{ x }}</noscript>",
    "comment.html": "<!-- {{ x }} --><p>",
    "double_quotes.html": '<p title="{{ x }}">',
    "single_quotes.html": "<p title='a{{ x }}b'>",
    "spaces_around_equals.html": '<p title = "{{ x }}" class=a>',
    "two_in_one.html": '<p title="{{ x }}{{ x }}">{{ x }}{{ x }}</p>',
    "link.html": '<a href="{{ x }}">a</a><a href=" {{ x }}">b</a><a href="\t{{ x }}">c</a>',
    "link_parts.html": '<a href="java{{ x }}">a</a><a href="{{ x }}{{ x }}">b</a><a href="/p/{{ x }}">c</a><a href="?q={{ x }}#{{ x }}">d</a>',
    "link_by_branches.html": '<a href="{% if x %}{{ x }}{% else %}/{% end %}{{ x }}">a</a><a href="{% for c in x %}{{ c }}{% end %}">b</a>',
    "form.html": '<form action="{{ x }}"><button formaction="{{ x }}">a</button><input type=submit formaction="{{ x }}"></form>',
    "frames.html": '<iframe src="{{ x }}"></iframe><object data="{{ x }}"></object><embed src="{{ x }}">',
    "images.html": '<img src="{{ x }}" alt="{{ x }}"><video poster="{{ x }}" src="{{ x }}"></video><input type=image src="{{ x }}">',
    "svg.html": '<svg><a xlink:href="{{ x }}"><text>a</text></a><image href="{{ x }}"/><text>{{ x }}</text><title>{{ x }}</title></svg>',
    "svg_animation.html": '<svg><a><set attributeName=href to="{{ x }}"/><animate attributeName=href from="{{ x }}" to="{{ x }}" dur=1s /><text>a</text></a></svg>',
    "math.html": '<math><mi href="{{ x }}">{{ x }}</mi></math>',
    "style_attribute.html": '<p style="color: {{ x }}; background: {{ x }}">',
    "data_attribute.html": '<p data-x="{{ x | json }}"></p><script>(window.read ||= []).push(JSON.parse(document.currentScript.previousElementSibling.dataset.x))</script>',
    "json_script.html": '<script type="application/json">{{ x | json }}</script><script>(window.read ||= []).push(JSON.parse(document.currentScript.previousElementSibling.textContent))</script>',
    "filters.html": '<p title="{{ x | truncate(30) }}">{{ x | lines }}{{ [x, x] | join("<") }}{{ x | default("") | upper }}</p>',
    "include.html": '{% include "part" x=x %}<p title="{% include "part" x=x %}">',
    "part.html": "{{ x }}",
    "macro.html": '{% macro m(x) %}{{ x }}{% end %}<a href="{{ m(x) }}" title="{{ m(x) }}">{{ m(x) }}</a>',
    "component.html": '{% component "box" x=x %}{{ x }}{% end %}',
    "content.html": '{% extends "layout" %}{% content_for t %}{{ x }}{% end %}{% content_for u %}{{ x }}{% end %}{% block content %}{{ x }}{% end %}',
    "layout.html": '<title>{% yield t %}</title><a href="{% yield u %}">{% yield u2 %}</a>{% yield %}',
    "cache.html": '<a href="{% cache x %}{{ x }}{% end %}">{% cache x %}{{ x }}{% end %}</a>',
    "meta.html": '<meta name=description content="{{ x }}"><link rel=icon href="{{ x }}">',
    "erb.html.erb": '<a href="<%= x %>" title=\'<%= x %>\' style="width:<%= x %>"><%= x %></a>',
    "hbs.html.hbs": "<a href=\"{{x}}\" title='{{x}}' style=\"width:{{x}}\">{{x}}{{#with x}}{{this}}{{/with}}{{#each (lookup . 'x')}}{{/each}}</a>".replace(
        "{{#each (lookup . 'x')}}{{/each}}", ""
    ),
    "feed.xml": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><text x="{{ x }}">{{ x }}</text><a href="{{ x }}" xlink:href="{{ x }}"><text>a</text></a></svg>',
    "page.xml": '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{{ x }}</title></head><body><p title="{{ x }}">{{ x }}</p><a href=\'{{ x }}\'>a</a></body></html>',
    "data.json": '{"a": {{ x }}, "b": "{{ x }}"}',
    "plain.txt": "<script>{{ x }}</script>{{ x }}",
}
# Where no escaping helps: refused when they are compiled.
UNSAFE = [
    "<script>{{ x }}</script>", "<script>var a = '{{ x }}'</script>", "<script>var a = `{{ x }}`</script>",
    "<script type=module>{{ x }}</script>", "<script>// {{ x }}\n</script>", "<SCRIPT>{{ x }}</SCRIPT>",
    "<script type='text/template'>{{ x }}</script>", "<script type=application/json>{{ x }}</script>",
    "<style>{{ x }}</style>", "<style>p { color: {{ x }} }</style>", "<svg><style>{{ x }}</style></svg>",
    "<p onclick='{{ x }}'>", "<p OnClick='f(\"{{ x }}\")'>", "<p hx-on:click='{{ x }}'>", "<p x-data='{{ x }}'>",
    "<p @click='{{ x }}'>", "<p :class='{{ x }}'>", "<p v-html='{{ x }}'>", "<iframe srcdoc='{{ x }}'></iframe>",
    "<p title={{ x }}>", "<p title=a{{ x }}>", "<a href={{ x }}>", "<p {{ x }}>", "<p a{{ x }}='b'>", "<p {{ x }}='b'>",
    "<{{ x }}>", "<p{{ x }}>", "</{{ x }}>", "<!doctype {{ x }}>", "<!{{ x }}>", "<?php {{ x }}?>",
    "<a href='javascript:f({{ x }})'>", "<a href=' java\tscript:f({{ x }})'>", "<a href='data:text/html,{{ x }}'>",
    "<a href='{{ x }}:alert(1)'>", "<svg><animate attributeName=href values='{{ x }}'/></svg>",
    "<p {% if x %}onclick{% end %}='{{ x }}'>", "<script{% if x %} src='a'{% end %}>{{ x }}</script>",
]  # fmt: skip
BENIGN = "x"
BATCH = 24  # payloads a page: one that broke out would change the shape of the whole page
NO_OTHER_HOSTS = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

HARNESS = """<!doctype html><title>harness</title><script>
const shape = frame => [...frame.contentDocument.querySelectorAll('*')].map(e =>
  e.tagName + ' ' + [...e.attributes].map(a => a.name).sort().join(' '))
const ADDRESSES = ['href', 'xlink:href', 'src', 'action', 'formaction', 'data', 'poster', 'to', 'from']
const RUNS = /^(javascript|vbscript|livescript):|^data:(?!(image\\/(?!svg)|audio|video|font))/i
const poke = frame => {
  const dangerous = []
  for (const e of frame.contentDocument.querySelectorAll('*')) {
    for (const kind of ['mouseover', 'focus', 'toggle', 'error', 'load', 'animationstart', 'begin'])
      e.dispatchEvent(new Event(kind))
    for (const name of ADDRESSES) {
      if (!e.hasAttribute(name)) continue
      let address = ''
      try { address = new URL(e.getAttribute(name), e.baseURI).href } catch { continue }  // a browser goes nowhere
      if (!RUNS.test(address)) continue
      dangerous.push(name + '=' + address)
      e.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: false}))
    }
  }
  return dangerous
}
window.ran = []
window.tryCase = number => new Promise(resolve => {
  const frame = document.createElement('iframe')
  frame.src = '/case/' + number
  const late = setTimeout(() => { frame.remove(); resolve({number, shape: null, dangerous: ['never loaded']}) }, 300000)
  frame.onload = () => {
    frame.onload = null
    clearTimeout(late)
    const found = {number, shape: shape(frame), read: frame.contentWindow.read, dangerous: poke(frame)}
    setTimeout(() => { frame.remove(); resolve(found) }, 50)
  }
  document.body.append(frame)
})
window.tryCases = async numbers => {
  const found = []
  for (let start = 0; start < numbers.length; start += 20)
    found.push(...await Promise.all(numbers.slice(start, start + 20).map(tryCase)))
  return found
}
</script><body>"""
HOOK = """for (const name of ['alert', 'confirm', 'prompt', 'print'])
  window[name] = () => { top.ran.push(location.href) }"""
TYPES = {".xml": "application/xml", ".json": "application/json", ".txt": "text/plain"}


@dataclass(frozen=True)
class Case:
    """A page: the template, rendered for each payload, one after the other."""

    name: str
    payloads: tuple[str, ...]
    body: bytes

    @property
    def media_type(self) -> str:
        kind = next((kind for suffix, kind in TYPES.items() if self.name.endswith(suffix)), "text/html")
        return f"{kind}; charset=utf-8"


class Site(ThreadingHTTPServer):
    """The harness, and each case by its number; everything else is not there."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cases: list[Case] = []


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        kind, body = "text/html; charset=utf-8", HARNESS.encode()
        number = self.path.removeprefix("/case/")
        if number.isdecimal() and self.path.startswith("/case/") and int(number) < len(self.server.cases):
            case = self.server.cases[int(number)]
            kind, body = case.media_type, case.body
        elif self.path != "/":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("x-content-type-options", "nosniff")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    for name, text in {**{f"views/{name}": text for name, text in SAFE.items()}, "components/box.html":
                       '{% params x: str %}<b title="{% slot %}{% end %}">{{ x }}</b><a href="{% slot %}{% end %}">a</a>'}.items():  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Templates(tmp_path / "views")


def template_name(file: str) -> str:
    return file.removesuffix(".erb").removesuffix(".hbs").removesuffix(".html")


@pytest.mark.parametrize("text", UNSAFE)
def test_a_place_that_no_escaping_makes_safe_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.html").write_text(text)
    with pytest.raises(UnsafeContextError) as caught:
        Templates(tmp_path).get("page")
    assert caught.value.fix


def test_no_script_runs_and_nothing_new_comes_into_being(site: Site, templates: Templates) -> None:

    def add(file: str, payloads: tuple[str, ...]) -> int:
        texts = [templates.render(template_name(file), x=payload) for payload in payloads]
        site.cases.append(Case(file, payloads, "\n<hr>\n".join(texts).encode("utf-8", "replace")))
        return len(site.cases) - 1

    benign: dict[str, int] = {}
    pages: list[int] = []
    for file in SAFE:
        if file in ("part.html", "layout.html"):
            continue
        size = BATCH if file.endswith((".html", ".erb", ".hbs")) else 1
        benign[file] = add(file, (BENIGN,) * size)
        step = 1 if size > 1 else 4  # XML and others: a page each; their writers have unit tests with every character
        padded = [*PAYLOADS[::step], *[BENIGN] * (-len(PAYLOADS[::step]) % size)]
        pages += [add(file, tuple(padded[start : start + size])) for start in range(0, len(padded), size)]
    control = add("part.html", ())
    site.cases[control] = Case(
        "control.html", (), b"<p onmouseover=alert(1)><a href=javascript:alert(2)><img src=x onerror=alert(3)>"
    )
    with running_chromium(NO_OTHER_HOSTS) as browser:
        page = browser.new_page()
        page.set_default_timeout(300_000)
        page.add_init_script(HOOK)
        page.goto(f"http://127.0.0.1:{site.server_port}/")
        # The harness itself notices what runs, and what would.
        (noticed,) = page.evaluate("numbers => tryCases(numbers)", [control])
        page.wait_for_function("ran.length >= 3")
        assert noticed["shape"] == ["HTML ", "HEAD ", "BODY ", "P onmouseover", "A href", "IMG onerror src"]
        assert noticed["dangerous"] == ["href=javascript:alert(2)"]
        page.evaluate("ran.length = 0")
        found = page.evaluate("numbers => tryCases(numbers)", [*benign.values(), *pages])
        ran = page.evaluate("ran")
    by_number = {one["number"]: one for one in found}
    assert ran == [], [site.cases[int(url.rsplit("/", 1)[1])] for url in ran if "/case/" in url]
    wrong = []
    for number in pages:
        case, one = site.cases[number], by_number[number]
        expected = by_number[benign[case.name]]["shape"]
        shape = [item for item in one["shape"] or ["nothing"] if item != "BR "]  # which `lines` writes
        if shape != expected or one["dangerous"]:
            wrong.append((case.name, [item for item in shape if item not in expected], one["dangerous"], case.payloads))
        if case.name in ("data_attribute.html", "json_script.html") and one["read"] != list(case.payloads):
            wrong.append((case.name, one["read"], [], case.payloads))
    assert wrong == [], f"{len(wrong)} of {len(pages)} pages: {[one[:3] for one in wrong]}"
    assert sum(len(site.cases[number].payloads) for number in pages) > 9_000
    assert all(json.loads(case.body)["a"] == case.payloads[0] for case in site.cases if case.name == "data.json")
