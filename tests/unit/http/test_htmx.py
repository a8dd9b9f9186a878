"""spica.http.htmx: what htmx asked, and what it is told; nothing of it can end a field or lead elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spica.http.context import Context
from spica.http.errors import InvalidField, UnsafeRedirect
from spica.http.response import Response
from tests.requests import make_context, make_request


def asked(**fields: str) -> Context:
    return make_context(make_request(fields={name.replace("_", "-"): value for name, value in fields.items()}))


def told(ctx: Context, response: Response | None = None) -> dict[str, str]:
    return {name: value for name, value in ctx.finish(response or Response()).fields if name.startswith("hx-")}


@pytest.mark.parametrize(
    ("fields", "is_htmx", "wants_fragment"),
    [
        ({}, False, False),
        ({"hx_request": "true"}, True, True),
        ({"hx_request": "1"}, False, False),
        ({"hx_request": "true", "hx_boosted": "true"}, True, False),
        ({"hx_request": "true", "hx_history_restore_request": "true"}, True, False),
        ({"hx_boosted": "true"}, False, False),
        ({"hx_request": "true", "hx_request_type": "partial"}, True, True),
        ({"hx_request": "true", "hx_request_type": "full"}, True, False),
    ],
)
def test_who_asks(fields: dict[str, str], is_htmx: bool, wants_fragment: bool) -> None:
    ctx = asked(**fields)
    assert (ctx.is_htmx, ctx.htmx.is_request, ctx.htmx.wants_fragment) == (is_htmx, is_htmx, wants_fragment)
    assert ctx.finish(Response()).header("vary") == "HX-Request", "the answer may depend on it"


def test_what_is_asked() -> None:
    htmx = asked(
        hx_current_url="https://shop.example/%C3%BC",
        hx_current_url_uri_autoencoded="true",
        hx_target="rows",
        hx_trigger="more",
        hx_trigger_name="page",
        hx_prompt="yes",
    ).htmx
    assert htmx.current_url == "https://shop.example/ü"
    assert (htmx.target, htmx.trigger_id, htmx.trigger_name, htmx.prompt) == ("rows", "more", "page", "yes")
    assert asked().htmx.target is None


def test_events() -> None:
    ctx = asked(hx_request="true")
    ctx.htmx.trigger("saved").trigger("cart:changed")
    ctx.htmx.trigger("closed", after="settle").trigger("swapped", {"n": 1}, after="swap")
    assert told(ctx) == {
        "hx-trigger": "saved, cart:changed",
        "hx-trigger-after-settle": "closed",
        "hx-trigger-after-swap": '{"swapped":{"n":1}}',
    }
    with pytest.raises(ValueError, match="after is one of"):
        ctx.htmx.trigger("x", after="later")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a\r\nset-cookie: x=1", "é", "😀", "\x7f\0", 'q"}', ",x", "a b"])
def test_events_survive_any_text(text: str) -> None:
    ctx = asked(hx_request="true")
    ctx.htmx.trigger(text, {"detail": text})
    (value,) = told(ctx).values()
    assert value.isascii()
    assert value.isprintable()
    assert json.loads(value) == {text: {"detail": text}}
    alone = asked(hx_request="true")
    alone.htmx.trigger(text)
    (value,) = told(alone).values()
    assert json.loads(value) == {text: None}, "a name that could be taken for several is sent as JSON"


def test_what_a_response_is_told() -> None:
    ctx = asked(hx_request="true")
    ctx.htmx.retarget("#row-7").reswap("outerHTML", "swap:1s").reselect("tr").push_url("/posts/é").replace_url(False)
    assert told(ctx, Response.html("<tr>")) == {
        "hx-retarget": "#row-7",
        "hx-reswap": "outerHTML swap:1s",
        "hx-reselect": "tr",
        "hx-push-url": "/posts/%C3%A9",
        "hx-replace-url": "false",
    }


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "/\r\nx: y", "javascript:alert(1)"])
def test_addresses_pass_the_guard(url: str) -> None:
    htmx = asked(hx_request="true").htmx
    for act in (htmx.redirect, htmx.location, htmx.push_url, htmx.replace_url):
        with pytest.raises(UnsafeRedirect):
            act(url)


@pytest.mark.parametrize("act", [lambda htmx, text: htmx.retarget(text), lambda htmx, text: htmx.reselect(text)])
def test_selectors_can_not_end_a_field(act: Any) -> None:
    with pytest.raises(InvalidField):
        act(asked().htmx, "#a\r\nset-cookie: x=1")
    with pytest.raises(ValueError, match="htmx swaps by one of"):
        asked().htmx.reswap("evil\r\n")  # type: ignore[arg-type]
    with pytest.raises(InvalidField):
        asked().htmx.reswap("none", "\r\nset-cookie: x=1")


def test_answers() -> None:
    ctx = asked(hx_request="true")
    response = ctx.htmx.redirect("/login")
    assert (response.status, response.body, ctx.answer) == (200, b"", response)
    assert told(ctx, response) == {"hx-redirect": "/login"}
    away = asked(hx_request="true")
    away.htmx.redirect("https://pay.example/", allow_other_host=True)
    assert told(away) == {"hx-redirect": "https://pay.example/"}
    plain = asked().htmx.redirect("/login")
    assert (plain.status, plain.header("location")) == (303, "/login"), "a client without htmx"
    ctx = asked(hx_request="true")
    ctx.htmx.location("/posts", target="#main", values={"é": 1})
    assert json.loads(told(ctx)["hx-location"]) == {"path": "/posts", "target": "#main", "values": {"é": 1}}
    ctx = asked(hx_request="true")
    ctx.htmx.location("/posts")
    assert told(ctx) == {"hx-location": "/posts"}
    ctx = asked()
    assert told(ctx, ctx.htmx.refresh()) == {"hx-refresh": "true"}
    assert asked().htmx.stop_polling().status == 286


def test_version_4_says_elements_with_their_tags() -> None:
    htmx = asked(hx_request="true", hx_source="button#m%C3%B6re", hx_target="tbody#rows").htmx
    assert (htmx.target, htmx.trigger_id, htmx.trigger_name) == ("rows", "m\u00f6re", None)
    htmx = asked(hx_request="true", hx_source="button", hx_target="body").htmx
    assert (htmx.target, htmx.trigger_id) == (None, None)


def test_version_4_fires_all_events_after_the_swap() -> None:
    ctx = asked(hx_request="true", hx_source="form")
    ctx.htmx.trigger("saved").trigger("closed", after="settle").trigger("swapped", after="swap")
    assert told(ctx) == {"hx-trigger": "saved, closed, swapped"}


def test_out_of_band_in_both_versions() -> None:
    assert asked(hx_source="a").htmx.render_oob("count", "<b>1</b>") == (
        '<hx-partial hx-target="#count" hx-swap="innerHTML"><b>1</b></hx-partial>'
    )
    assert asked().htmx.render_oob("count", "1", swap="outerHTML") == '<div hx-swap-oob="outerHTML:#count">1</div>'
    for id in ('a" onclick="x', "", "a b", "1a", "a,b"):
        with pytest.raises(ValueError, match="out-of-band"):
            asked().htmx.render_oob(id, "")
    with pytest.raises(ValueError, match="out-of-band"):
        asked().htmx.render_oob("a", "", swap="x")  # type: ignore[arg-type]
