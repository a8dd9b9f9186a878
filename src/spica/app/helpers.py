"""Helpers: what every template of a project can call, and the values it finds beside what it was passed.

Rules of this file:
- A helper that makes HTML returns Safe text and escapes what it is given.
- Without a request (an error page outside of a route) helpers that need one return nothing instead of failing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from spica._core import escape
from spica.app.asset_tags import htmx_script, image_tag, importmap_tag, script_tag, stylesheet_tag
from spica.app.form import Form
from spica.app.markup import render_attributes
from spica.app.page_links import page_links
from spica.assets.lookup import asset_path
from spica.controllers.rendering import Renderer
from spica.errors import SpicaError
from spica.http.context import Context
from spica.inflection import plural, snake
from spica.middleware import csrf
from spica.middleware.content_security_policy import csp_nonce
from spica.middleware.method_override import FIELD, METHODS
from spica.routing.converters import to_param
from spica.routing.urls import current_paths, paths, urls
from spica.routing.usage import Call, find_mistake
from spica.templates.escaping import check_url
from spica.templates.functions import uses_context
from spica.templates.safe import Safe, html_of

_NOTHING = Safe("")
# As browsers read it, to whom a backslash is a slash.
_NAMES_A_HOST = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]{2})").match


class PageFlash:
    """The flash of a page: loads the session only when the template looks at it; empty where there is none."""

    __slots__ = ("_ctx",)

    def __init__(self, ctx: Context | None) -> None:
        self._ctx = ctx

    def items(self) -> list[tuple[str, str]]:
        """Kinds and messages."""
        return list(self._messages().items())

    def get(self, kind: str, default: str | None = None) -> str | None:
        """One message, or the default."""
        message: str | None = self._messages().get(kind, default)
        return message

    def __getitem__(self, kind: str) -> str | None:
        return self.get(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages())

    def __contains__(self, kind: str) -> bool:
        return kind in self._messages()

    def __len__(self) -> int:
        return len(self._messages())

    @property
    def notice(self) -> str | None:
        """The message "notice"."""
        return self.get("notice")

    @property
    def alert(self) -> str | None:
        """The message "alert"."""
        return self.get("alert")

    def _messages(self) -> Any:
        ctx = self._ctx
        return ctx.flash if ctx is not None and ctx.session_source is not None and ctx.session.has_messages else {}


class PageRenderer:
    """Renders a project's pages: the templates, with `flash` and `current_user` beside what is passed."""

    def __init__(self, templates: Renderer) -> None:
        self._templates = templates

    def render_with(self, name: str, locals: dict[str, Any], ctx: Any) -> str:
        """Render a template; see `Renderer`."""
        return self._templates.render_with(name, _with_page_values(locals, ctx), ctx)

    def render_in(self, layout: str | None, name: str, locals: dict[str, Any], ctx: Any) -> str:
        """Render a template in a layout, or without; see `Renderer`."""
        return self._templates.render_in(layout, name, _with_page_values(locals, ctx), ctx)

    def render_fragment(self, name: str, fragment: str, locals: dict[str, Any], ctx: Any) -> str:
        """Render one fragment of a template; see `Renderer`."""
        return self._templates.render_fragment(name, fragment, _with_page_values(locals, ctx), ctx)

    def has(self, name: str) -> bool:
        """Whether there is a template of this name; see `Renderer`."""
        return self._templates.has(name)

    def has_fragment(self, name: str, fragment: str) -> bool:
        """Whether a template has a fragment that stands alone; see `Renderer`."""
        return self._templates.has_fragment(name, fragment)

    def digest(self, name: str, *, required: bool = False) -> str:
        """What tells one text of a template from another; see `Renderer`."""
        return self._templates.digest(name, required=required)


@uses_context
def csrf_token(ctx: Context | None) -> str:
    """The token that a request of this page must carry; "" without a session."""
    return csrf.csrf_token(ctx) if ctx is not None and _has_session(ctx) else ""


@uses_context
def csrf_field(ctx: Context | None) -> Safe:
    """The hidden input that a form posts."""
    return csrf.csrf_field(ctx) if ctx is not None and _has_session(ctx) else _NOTHING


@uses_context
def csrf_meta(ctx: Context | None) -> Safe:
    """The element from which scripts take the token."""
    return csrf.csrf_meta(ctx) if ctx is not None and _has_session(ctx) else _NOTHING


def method_field(method: str) -> Safe:
    """The hidden input that makes a form's POST a PATCH, PUT or DELETE.

    Raises: ValueError for another method.
    """
    if method.upper() not in METHODS:
        raise ValueError(f"a form can stand for PATCH, PUT or DELETE, not {method!r}")
    return Safe(f'<input type="hidden" name="{FIELD}" value="{method.lower()}">')


def link_to(text: object, url: object, /, **attributes: object) -> Safe:
    """A link: `{{ link_to(post.title, paths.post(post), class_="title") }}`.

    Args:    text: shown, escaped unless it is safe; url: where it leads; attributes: further ones, `class_` for class
             and `data_id` for data-id; None and False leave one out, True writes its name alone.
    Raises:  ValueError when the URL would run a script.
    """
    href = url if isinstance(url, str) else to_param(url)
    if check_url(href) != href:
        raise ValueError(f"a link to {href[:40]!r} would run a script")
    return Safe(f'<a href="{escape(href)}"{render_attributes(attributes)}>{html_of(text)}</a>')


@uses_context
def button_to(
    ctx: Context | None,
    text: object,
    url: object,
    /,
    *,
    method: str = "post",
    confirm: str | None = None,
    **attributes: object,
) -> Safe:
    """A button that sends a form of its own: `{{ button_to("Delete", paths.post(post), method="delete") }}`.

    Args:    confirm: a question that htmx asks first; without scripts, or without htmx, nobody is asked; attributes: of
             the button.
    Raises:  as `form_with`.
    """
    asks: dict[str, Any] = {} if confirm is None else {"hx_boost": "true", "hx_confirm": _as_question(confirm)}
    form = form_with(ctx, url=url, method=method, class_="button-to", **asks)
    return Safe(f"{form.__html__()}{form.submit(text, **attributes)}</form>")


@uses_context
def form_with(
    ctx: Context | None,
    record: object = None,
    /,
    *,
    url: object = None,
    name: str | None = None,
    method: str | None = None,
    multipart: bool = False,
    **attributes: object,
) -> Form:
    """A form: `{% set f = form_with(post) %}{{ f }}{{ f.text("title") }}{{ f.submit() }}</form>`.

    Args:    record: a model, values by name, or None; url: where it is sent, default by the model's name:
             `paths.posts()` for a new one, `paths.post(post)` for a saved one; name: what parameters are put under,
             default the model's name, "" for none; method: default post, or patch for a saved model; multipart: sends
             files; attributes: of the form. A form for an address with a host in it has no CSRF token.
    Raises:  ValueError for another method, or without url where no model says it.
    """
    is_model = record is not None and hasattr(record, "persisted")
    kind = snake(type(record).__name__) if is_model else ""
    is_saved = bool(is_model and getattr(record, "persisted", False))
    if url is None and not is_model:
        raise ValueError("form_with needs url=… where it is given no model")
    if url is None:
        url = getattr(paths, kind)(record) if is_saved else getattr(paths, plural(kind))()
    action = url if isinstance(url, str) else to_param(url)
    verb = (method or ("patch" if is_saved else "post")).lower()
    hidden = "" if verb in ("get", "post") else method_field(verb)
    if verb != "get" and not _NAMES_A_HOST(action):  # the token is this site's secret
        hidden = f"{csrf_field(ctx)}{hidden}"
    own = {"action": action, "method": "get" if verb == "get" else "post"}
    encoding = {"enctype": "multipart/form-data"} if multipart else {}
    opening = f"<form{render_attributes({**attributes, **own, **encoding})}>"
    return Form(record, kind if name is None else name, opening, hidden, multipart=multipart)


def error_messages(model: Any, field: str) -> Safe:
    """The validation errors of one field, as a list that follows its input; nothing when there are none."""
    messages = list(model.errors.on(field))
    if not messages:
        return _NOTHING
    items = "".join(f"<li>{escape(str(message))}</li>" for message in messages)
    return Safe(f'<ul class="errors">{items}</ul>')


HELPERS = {
    "paths": paths,
    "urls": urls,
    "csrf_token": csrf_token,
    "csrf_field": csrf_field,
    "csrf_meta": csrf_meta,
    "csp_nonce": csp_nonce,
    "method_field": method_field,
    "link_to": link_to,
    "button_to": button_to,
    "form_with": form_with,
    "error_messages": error_messages,
    "asset_path": asset_path,
    "stylesheet_tag": stylesheet_tag,
    "script_tag": script_tag,
    "importmap_tag": importmap_tag,
    "htmx_script": htmx_script,
    "image_tag": image_tag,
    "page_links": page_links,
}


def _as_question(text: str) -> str:
    """A question that htmx shows, whatever it begins with: it would run what follows js:."""
    return text if check_url(text) == text else f"“{text}”"


def _check_use(name: str, call: Call | None, *, with_host: bool) -> SpicaError | None:
    known = current_paths()
    return None if known is None else find_mistake(known, name, call, with_host=with_host)


# What a page has beside what it is passed: it belongs to one request, so a cache must not keep it for others.
PAGE_VALUES = frozenset(["flash", "current_user"])

# What judges `paths.name(...)` and `urls.name(...)` when a template is compiled.
USE_CHECKS = {"paths": partial(_check_use, with_host=False), "urls": partial(_check_use, with_host=True)}


def _with_page_values(values: dict[str, Any], ctx: Any) -> dict[str, Any]:
    return {"flash": PageFlash(ctx), "current_user": ctx.current_user if ctx is not None else None, **values}


def _has_session(ctx: Context | None) -> bool:
    return ctx is not None and ctx.session_source is not None
