"""Method override at boot: a browser's form posts `_method=delete`, and the DELETE route of the same pattern answers.

Rules of this file:
- The route tree stays native: when the application is compiled, each pattern with a PATCH, PUT or DELETE route that
  browsers use gets a POST entry that looks at the form and hands the request to the dispatch it names.
- Browsers use the routes that have a session. The route that answers runs its own middleware, CSRF included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from spica._core import Request as NativeRequest
from spica.app.dispatch import Dispatch, run_with_form
from spica.http.request import Request
from spica.middleware.method_override import METHODS, overridden_method
from spica.middleware.pipeline import Middleware
from spica.middleware.sessions import Session


def is_overridable(method: str, middleware: Sequence[Middleware]) -> bool:
    """Whether a form may reach a route of this method by naming it."""
    return method in METHODS and any(isinstance(one, Session) for one in middleware)


def build_override_entry(
    post: Dispatch | None, overrides: Mapping[str, Dispatch], refuse: Callable[[NativeRequest], object]
) -> Callable[[NativeRequest], object]:
    """Make the POST entry of a pattern.

    Args:    post: the pattern's own POST route, None without one; overrides: dispatch by method; refuse: answers a POST
             that names no method and has no route.
    """

    # Content that streams is no form whose field could name a method.
    streams_content = post is not None and post.streams_content

    def run(request: Request) -> object:
        named = None if streams_content else overridden_method(request)
        dispatch = overrides.get(named, post) if named else post
        return refuse(request.native) if dispatch is None else dispatch.run(request)

    return lambda native: run_with_form(Request(native), run)
