"""The error pages that visitors see: the application's own where it has one, else a plain one.

Rules of this file:
- First `app/views/errors/404.html` (a template in any syntax, gets status, title and detail), then `public/404.html`
  (as it is), then the built-in page.
- A page that fails to render must not hide the error it is about: the built-in page is shown instead.
"""

from __future__ import annotations

import logging
from pathlib import Path

from spica._core import escape
from spica.app.page_policy import build_policy
from spica.controllers.rendering import Renderer
from spica.errors.http import HttpError, UnprocessableContent
from spica.http.response import Response
from spica.http.status import phrase

_log = logging.getLogger("spica.app")
STYLE = (
    ":root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;"
    "font:16px/1.5 system-ui,sans-serif}main{max-width:34rem;padding:2rem}h1{margin:0;font-size:1.5rem}"
    "p{margin:.5rem 0 0}small{opacity:.65}"
)


class ErrorPages:
    """Finds and builds the page of a status.

    Args:    root: the project's folder, None for an application without one; renderer: its templates.
    """

    def __init__(self, root: Path | None = None, renderer: Renderer | None = None) -> None:
        self._root = root
        self._renderer = renderer

    def build(self, error: HttpError, trace_id: str = "") -> Response:
        """Answer with the page about an error; `trace_id` is shown so that a visitor can report it."""
        text = self._own_template(error, trace_id) or self._public_page(error.status)
        if text is not None:
            return Response.html(text, status=error.status)
        response = Response.html(_plain_page(error, trace_id), status=error.status)
        response.set_header("content-security-policy", build_policy(STYLE))
        return response

    def _own_template(self, error: HttpError, trace_id: str) -> str | None:
        if self._root is None or self._renderer is None:
            return None
        if not self._renderer.has(f"errors/{error.status}"):
            return None
        values = {"status": error.status, "title": phrase(error.status), "detail": error.detail, "trace_id": trace_id}
        try:
            return self._renderer.render_with(f"errors/{error.status}", values, None)
        except Exception:
            _log.exception("the error page errors/%s failed to render", error.status)
            return None

    def _public_page(self, status: int) -> str | None:
        if self._root is None:
            return None
        try:
            return (self._root / "public" / f"{status}.html").read_text("utf-8")
        except OSError:
            return None


def _plain_page(error: HttpError, trace_id: str) -> str:
    title = phrase(error.status)
    detail = f"<p>{escape(error.detail)}</p>" if error.detail not in ("", title) else ""
    if isinstance(error, UnprocessableContent) and error.errors:
        items = "".join(f"<li>{escape(f'{field.name} {field.message}'.strip())}</li>" for field in error.errors)
        detail += f"<ul>{items}</ul>"
    reference = f"<p><small>{escape(trace_id)}</small></p>" if trace_id else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{error.status} {escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main><h1>{error.status} {escape(title)}</h1>{detail}{reference}</main></body></html>"
    )
