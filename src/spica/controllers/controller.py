"""Controller: the context of a request, with what actions need besides.

Rules of this file:
- One instance per request; it is also the context that middleware sees.
- A method that makes a response (`render`, `redirect_to`, `json`…) also remembers it, so that a filter or action may
  end with it or return it. The last one made is sent.
- Public attributes that an action or filter sets on `self` are visible to its template.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spica.controllers.rendering import NoRenderer, Renderer, build_rendered
from spica.http.context import Context
from spica.http.response import Response

_NO_RENDERER = NoRenderer()
# What Context itself keeps in an instance; the rest is what the application set.
_OWN_ATTRIBUTES = frozenset(
    {"request", "route", "path_params", "services", "session_source", "current_user", "answer", "websocket"}
)


@dataclass(frozen=True, slots=True)
class RouteInfo:
    """What a request knows of its route; `ctx.route`.

    Args:    method, pattern, name, target: of the route; action: the controller's method, "" for a function; views: the
             folder of the controller's templates; renderer: the application's templates.
    """

    method: str
    pattern: str
    target: str
    name: str | None = None
    action: str = ""
    views: str = ""
    renderer: Renderer = _NO_RENDERER


class Controller(Context):
    """Base class of an application's controllers: actions are its public methods, filters are marked `@before`.

    Example:
        >>> class HelloController(Controller):
        ...     def show(self, name: str) -> Response:
        ...         return self.text(f"Hello, {name}")
    """

    def render(self, template: str | None = None, /, *, status: int = 200, **values: Any) -> Response:
        """Answer with a template, or with the values as JSON when the client prefers that.

        Args:    template: default the action's own; a name without a slash is one of this controller's; status: of the
                 response; values: names for the template.
        Returns: the response.
        Raises:  the template's errors; NoTemplatesError in an application without templates.
        """
        self.answer = build_rendered(
            self.route.renderer, self.template_name(template), self, values, self.visible_values(), status
        )
        return self.answer

    def render_partial(self, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Answer with a partial, `"row"` or `"posts/row"`, whose file starts with an underscore; always HTML."""
        folder, _, name = self.template_name(template).rpartition("/")
        text = self.route.renderer.render_with(
            f"{folder}/_{name.lstrip('_')}", {**self.visible_values(), **values}, self
        )
        self.answer = Response.html(text, status=status)
        return self.answer

    def render_to_string(self, template: str, /, **values: Any) -> str:
        """Render a template and return its text; nothing is answered."""
        renderer: Renderer = self.route.renderer
        return renderer.render_with(self.template_name(template), {**self.visible_values(), **values}, self)

    def template_name(self, template: str | None) -> str:
        """The full name of a template: `index` is `posts/index` in the posts controller."""
        name = template or self.route.action
        return name if "/" in name else f"{self.route.views}/{name}"

    def visible_values(self) -> dict[str, Any]:
        """What a template sees besides what it is passed: `assigns`, then public attributes set on `self`."""
        own = {name: value for name, value in vars(self).items() if name[0] != "_" and name not in _OWN_ATTRIBUTES}
        return {**self._assigns, **own} if self._assigns else own

    def settle(self, status: int) -> Response:
        """The response of an action that returned nothing: the answer made last, else the own template."""
        return self.answer or self.render(status=status)

    # What Context can answer with, remembered.

    def json(self, value: Any, *, status: int = 200) -> Response:
        """Answer with JSON."""
        self.answer = super().json(value, status=status)
        return self.answer

    def html(self, text: str, *, status: int = 200) -> Response:
        """Answer with HTML; the text is sent as it is."""
        self.answer = super().html(text, status=status)
        return self.answer

    def text(self, text: str, *, status: int = 200) -> Response:
        """Answer with plain text."""
        self.answer = super().text(text, status=status)
        return self.answer

    def head(self, status: int) -> Response:
        """Answer with a status and no content."""
        self.answer = super().head(status)
        return self.answer

    def not_found(self, detail: str = "Not Found") -> Response:
        """Answer with a 404 and a sentence."""
        self.answer = super().not_found(detail)
        return self.answer

    def redirect_to(
        self,
        url: str,
        *,
        status: int = 303,
        notice: str | None = None,
        alert: str | None = None,
        allow_other_host: bool = False,
    ) -> Response:
        """Redirect, with a message for the next page if there is one; see `Context.redirect_to`."""
        self.answer = super().redirect_to(
            url, status=status, notice=notice, alert=alert, allow_other_host=allow_other_host
        )
        return self.answer

    def send_file(
        self, path: str | Path, *, download_name: str | None = None, content_type: str | None = None
    ) -> Response:
        """Answer with a file; see `Context.send_file`."""
        self.answer = super().send_file(path, download_name=download_name, content_type=content_type)
        return self.answer

    def send_data(self, data: bytes, *, filename: str | None = None, content_type: str | None = None) -> Response:
        """Answer with octets; see `Context.send_data`."""
        self.answer = super().send_data(data, filename=filename, content_type=content_type)
        return self.answer
