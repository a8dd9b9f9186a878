"""Helpers of templates: what they write, escaped, and what they do without a request."""

from types import SimpleNamespace
from typing import Any

import pytest

from spica.app.helpers import (
    PageFlash,
    PageRenderer,
    csrf_field,
    csrf_meta,
    csrf_token,
    error_messages,
    link_to,
    method_field,
)
from spica.middleware.flash import Flash
from spica.middleware.session_data import SessionData


def test_links_escape_and_take_attributes() -> None:
    link = link_to("<b>", "/posts?a=1&b=2", class_='x"', data_id=7, hidden=True, title=None)
    assert link == '<a href="/posts?a=1&amp;b=2" class="x&#34;" data-id="7" hidden>&lt;b&gt;</a>'


def test_safe_text_stays_and_an_object_is_its_address() -> None:
    class Html:
        def __html__(self) -> str:
            return "<i>x</i>"

    assert link_to(Html(), SimpleNamespace(id=7)) == '<a href="7"><i>x</i></a>'


@pytest.mark.parametrize("url", ["javascript:alert(1)", " JAVA\tSCRIPT:alert(1)", "data:text/html,x", "vbscript:x"])
def test_links_that_run_scripts_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="run a script"):
        link_to("x", url)


def test_method_field() -> None:
    assert method_field("PATCH") == '<input type="hidden" name="_method" value="patch">'
    with pytest.raises(ValueError, match="'get'"):
        method_field("get")


def test_error_messages_are_a_list_or_nothing() -> None:
    model = SimpleNamespace(errors=SimpleNamespace(on=lambda field: ["is <too> short"] if field == "title" else []))
    assert error_messages(model, "title") == '<ul class="errors"><li>is &lt;too&gt; short</li></ul>'
    assert error_messages(model, "body") == ""


def test_without_a_request_or_session_helpers_write_nothing() -> None:
    no_session = SimpleNamespace(session_source=None)
    for ctx in (None, no_session):
        assert (csrf_field(ctx), csrf_meta(ctx), csrf_token(ctx)) == ("", "", "")
        assert PageFlash(ctx).items() == []
        assert PageFlash(ctx).notice is None


def test_the_flash_of_a_page_reads_the_session_only_when_it_is_looked_at() -> None:
    looked = []
    session = SessionData()

    class Ctx:
        session_source = object()
        current_user = "Ann"

        @property
        def session(self) -> SessionData:
            looked.append(1)
            return session

        @property
        def flash(self) -> Flash:
            return self.session.flash

    class Templates:
        def render_with(self, name: str, locals: dict[str, Any], ctx: object) -> str:
            return f"{name} {locals['current_user']} {locals['post']} {type(locals['flash']).__name__}"

    assert PageRenderer(Templates()).render_with("x", {"post": 1}, Ctx()) == "x Ann 1 PageFlash"
    assert looked == []
    flash = PageFlash(Ctx())
    assert flash.items() == []
    session.flash["notice"] = "Saved"
    assert (flash.notice, flash["alert"], "notice" in flash, list(flash), len(flash)) == (
        "Saved",
        None,
        True,
        ["notice"],
        1,
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {"onclick": "x"}, {"ONLOAD": "x"}, {"hx_on__click": "x"}, {"srcdoc": "x"}, {"x_data": "x"}, {"v_html": "x"},
        {"hx_trigger": "x"}, {"a b": "x"}, {"a=x onclick": "x"}, {"><script>": "x"}, {"@click": "x"}, {":href": "x"},
        {"formaction": "javascript:x"}, {"ping": " java\nscript:x"}, {"hx_confirm": "js:x"}, {"hx_vals": "js:{}"},
        {"hx_get": "javascript:x"}, {"data_hx_on": "x"}, {"data_hx_confirm": "js:x"}, {"data_hx_trigger": "x"},
        {"hx_headers:inherited": "js:x"}, {"hx_live": "x"},
    ],
)  # fmt: skip
def test_attributes_that_would_run_are_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"run|not the name"):
        link_to("x", "/", **attributes)
    assert link_to("x", "/", style="a:url(x)", title='" onclick="x') == (
        '<a href="/" style="unsafe" title="&#34; onclick=&#34;x">x</a>'
    )
