"""spica.http.answers: files and data, representations, and what is remembered."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from spica.errors.http import NotAcceptable, NotFound
from spica.http.context import Context
from spica.http.disposition import build_disposition
from spica.http.errors import AssignMissing, InvalidField
from spica.http.response import Response
from tests.requests import make_context, make_request


def asked(accept: str = "", **fields: str) -> Context:
    given = {name.replace("_", "-"): value for name, value in fields.items()}
    return make_context(make_request(fields={"accept": accept, **given} if accept else given))


def shown(response: Response) -> tuple[int, str | None, bytes]:
    return response.status, response.header("content-type"), response.body


def test_each_answer_is_remembered() -> None:
    ctx = make_context()
    for make in (ctx.json, ctx.html, ctx.text, ctx.head, ctx.not_found, ctx.send_data, ctx.send_file, ctx.redirect_to):
        made = make(204 if make == ctx.head else "x")  # type: ignore[operator]
        assert ctx.answer is made


def formats(ctx: Context) -> Any:
    return ctx.respond_to(
        html=lambda: ctx.html("<p>"), json={"a": 1}, csv="a\n1\n", htmx=lambda: ctx.html("<tr>"), text="plain"
    )


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/json;q=0.5, text/csv", "text/csv; charset=utf-8"),
        ("text/*;q=0.5, application/json;q=0.4", "text/html; charset=utf-8"),
        ("text/html;q=0, */*;q=0.1", "application/json"),
    ],
)
def test_respond_to(accept: str, content_type: str) -> None:
    ctx = asked(accept)
    response = ctx.finish(formats(ctx))
    assert response.header("content-type") == content_type
    assert response.header("vary") == "Accept, HX-Request"


def test_respond_to_values() -> None:
    assert shown(formats(asked("application/json"))) == (200, "application/json", b'{"a":1}')
    assert shown(formats(asked("text/csv"))) == (200, "text/csv; charset=utf-8", b"a\n1\n")
    assert shown(formats(asked("text/plain"))) == (200, "text/plain; charset=utf-8", b"plain")
    assert shown(asked().respond_to(pdf=b"%PDF")) == (200, "application/pdf", b"%PDF")
    assert shown(asked("image/png").respond_to(html="<p>", any={"a": 1})) == (200, "application/json", b'{"a":1}')
    assert shown(asked().respond_to(json=Response.created({"a": 1}))) == (201, "application/json", b'{"a":1}')


def test_htmx_gets_its_own() -> None:
    assert formats(asked("*/*", hx_request="true")).body == b"<tr>"
    assert formats(asked("*/*", hx_request="true", hx_boosted="true")).body == b"<p>"
    with pytest.raises(NotAcceptable):
        asked("*/*").respond_to(htmx="<tr>")


def test_the_format_of_the_route_counts_first() -> None:
    ctx = make_context(make_request(fields={"accept": "text/html", "hx-request": "true"}), format="json")
    assert formats(ctx).body == b'{"a":1}'
    with pytest.raises(NotAcceptable, match="this address answers with json"):
        make_context(format="xml").respond_to(json=1)


def test_nothing_that_fits_is_a_406() -> None:
    for accept in ("image/png", "application/json;q=0", "text/html;q=0.000"):
        with pytest.raises(NotAcceptable):
            asked(accept).respond_to(json=1) if "json" in accept else asked(accept).respond_to(html="<p>")


def test_only_the_chosen_one_is_called() -> None:
    def other() -> Response:
        raise AssertionError("not wanted")

    ctx = asked("application/json")
    assert ctx.respond_to(html=other, json=lambda: {"a": 1}).body == b'{"a":1}'


async def test_async_functions_are_awaited_by_the_caller() -> None:
    async def rows() -> list[int]:
        return [1, 2]

    awaitable = asked().respond_to(json=rows)
    assert inspect.isawaitable(awaitable)
    assert (await awaitable).body == b"[1,2]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "uploads"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "b.txt").write_text("b")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "inside.txt").symlink_to(root / "a.txt")
    (tmp_path / "uploads-other").mkdir()
    (tmp_path / "uploads-other" / "c.txt").write_text("c")
    return root


@pytest.mark.parametrize("name", ["a.txt", "sub/b.txt", "inside.txt", "./a.txt"])
def test_a_file_below_its_root(folder: Path, name: str) -> None:
    assert Path(make_context().send_file(name, root=folder).file).read_text() in "ab"


@pytest.mark.parametrize(
    "name",
    ["../secret.txt", "sub/../../secret.txt", "/etc/passwd", "link.txt", "missing.txt", "sub", "", ".", "a.txt\0.png",
     "..\\secret.txt", "../uploads-other/c.txt", "sub/..", "x" * 5_000],
)  # fmt: skip
def test_no_way_out_of_the_root(folder: Path, name: str) -> None:
    with pytest.raises(NotFound):
        make_context().send_file(name, root=folder)


def test_how_a_file_is_offered() -> None:
    def disposition(**options: Any) -> str | None:
        return make_context().send_file("/srv/reports/7.pdf", **options).header("content-disposition")

    assert disposition() is None
    assert disposition(filename="report.pdf") == 'attachment; filename="report.pdf"'
    assert disposition(filename="report.pdf", disposition="inline") == 'inline; filename="report.pdf"'
    assert disposition(disposition="attachment") == 'attachment; filename="7.pdf"'
    with pytest.raises(ValueError, match="a disposition is"):
        disposition(disposition="evil\r\n")


def test_data() -> None:
    ctx = make_context()
    assert shown(ctx.send_data("a,b\n", filename="x.csv")) == (200, "text/csv; charset=utf-8", b"a,b\n")
    assert shown(ctx.send_data("text")) == (200, "text/plain; charset=utf-8", b"text")
    assert shown(ctx.send_data(b"octets", status=201)) == (201, "application/octet-stream", b"octets")
    assert ctx.send_data(b"x", disposition="attachment").header("content-disposition") == "attachment"
    assert ctx.send_data(b"x", filename="a.png", disposition="inline").header("content-type") == "image/png"


@pytest.mark.parametrize("filename", ["", "/", "a/", None])
def test_no_name(filename: str | None) -> None:
    assert build_disposition(filename) == "attachment"


@pytest.mark.parametrize("text", ["x\r\ny: z", "x\ny", "x\0"])
def test_no_helper_lets_a_line_break_through(text: str) -> None:
    ctx = make_context()
    for act in (
        lambda: ctx.response.set_header("x", text),
        lambda: ctx.response.add_vary(text),
        lambda: Response.unauthorized(challenge=text),
        lambda: Response.ok().with_header("x", text),
    ):
        with pytest.raises(InvalidField):
            act()
    for named in (ctx.send_data(b"", filename=text), ctx.send_file("/a", filename=text)):
        assert not set(named.header("content-disposition") or "") & set("\r\n\0")


def test_values_are_handed_on() -> None:
    ctx = make_context()
    assert ctx.get("tenant") is None
    ctx.set("tenant", "shop")
    assert ctx.get("tenant") == ctx.get("tenant", str) == ctx.assigns["tenant"] == "shop"
    with pytest.raises(AssignMissing, match="finds str"):
        ctx.get("tenant", int)
    with pytest.raises(AssignMissing, match="finds nothing"):
        ctx.get("user", int)
