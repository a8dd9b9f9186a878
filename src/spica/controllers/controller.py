"""Controller: the context of a request, with what actions need besides.

Rules of this file:
- One instance per request; it is also the context that middleware sees.
- A method that makes a response (`render`, `redirect_to`, `json`…) also remembers it, so that a filter or action may
  end with it or return it. The last one made is sent.
- Public attributes that an action or filter sets on `self` are visible to its template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from spica.controllers.rendering import NoRenderer, Renderer, View, build_rendered, media_type
from spica.http.context import Context
from spica.http.response import Response

_NO_RENDERER = NoRenderer()
# What Context itself keeps in an instance; the rest is what the application set.
_OWN_ATTRIBUTES = frozenset(
    {"request", "route", "path_params", "services", "session_source", "current_user", "answer", "websocket"}
    | {name for name in dir(Context) if name[0] == "_"}
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

    layout: str | None = ""
    """The layout of templates that extend none: `layout = "layouts/admin"`; None renders all of them without one."""

    def render(
        self,
        template: str | None = None,
        /,
        *,
        status: int = 200,
        layout: str | None = "",
        fragment: str | None = None,
        oob: Sequence[str] = (),
        **values: Any,
    ) -> Response:
        """Answer with a template, or with the values as JSON when the client asked for that.

        Where htmx swaps a part of a page, it gets the `{% fragment %}` that is named like the id of its target, else
        the template without its layout. JSON shows the values, models without their hidden fields; where the
        status says that it failed, the messages of what is not valid.

        Args:    template: default the action's own; a name without a slash is one of this controller's; status: of the
                 response; layout: another than the controller's, None for none; fragment: the one
                 `{% fragment %}` of the template that is sent, alone; oob: fragments that htmx gets besides, each for
                 the element whose id is its name; values: names for the template.
        Returns: the response.
        Raises:  the template's errors; NoTemplatesError in an application without templates; NotAcceptable (a 406) when
                 the client wants neither.
        """
        view = View(
            self.route.renderer,
            self.template_name(template),
            self.visible_values(),
            self.layout if layout == "" else layout,
            fragment,
            oob,
        )
        self.answer = build_rendered(view, self, values, status)
        return self.answer

    def render_partial(self, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Answer with a partial, `"row"` or `"posts/row"`, whose file starts with an underscore; always HTML."""
        folder, _, name = self.template_name(template).rpartition("/")
        text = self.route.renderer.render_with(
            f"{folder}/_{name.lstrip('_')}", {**self.visible_values(), **values}, self
        )
        self.answer = Response(text, status, None, media_type(template))
        return self.answer

    def render_to_string(self, template: str, /, **values: Any) -> str:
        """Render a template and return its text; nothing is answered."""
        renderer: Renderer = self.route.renderer
        return renderer.render_with(self.template_name(template), {**self.visible_values(), **values}, self)

    def template_name(self, template: str | None) -> str:
        """The full name of a template: `index` is `posts/index` in the posts controller."""
        name = template or self.route.action
        return name if "/" in name else f"{self.route.views}/{name}"

    def _template_digests(self, template: str | Literal[False] | None) -> list[str]:
        """Of the template that `render` would take, and of the layout around it."""
        if template is None or template is False or not (template or self.route.action):
            return []
        renderer = self.route.renderer
        # An action without a page of its own answers with JSON; who names a template means one.
        named = renderer.digest(self.template_name(template), required=bool(template))
        return [named, renderer.digest(self.layout or "")]

    def visible_values(self) -> dict[str, Any]:
        """What a template sees besides what it is passed: `assigns`, then public attributes set on `self`."""
        values = vars(self)
        own = {name: values[name] for name in values.keys() - _OWN_ATTRIBUTES if name[0] != "_"}
        return {**self._assigns, **own} if self._assigns else own

    def settle(self, status: int) -> Response:
        """The response of an action that returned nothing: the answer made last, else the own template."""
        return self.answer or self.render(status=status)
