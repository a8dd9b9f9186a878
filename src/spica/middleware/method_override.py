"""Method override: HTML forms know GET and POST only, so a form says the method it means in `_method`.

This is a function and no middleware: the route depends on the method, so the app asks before it looks for one.
"""

from __future__ import annotations

from spica.http.request import Request

FIELD = "_method"
METHODS = frozenset({"PUT", "PATCH", "DELETE"})


def overridden_method(request: Request) -> str | None:
    """Return the method that a form means.

    Args:    request: any request. Only a POST with a form counts, so a link or an image can't delete anything.
    Returns: "PUT", "PATCH" or "DELETE"; None when the request means what it says.
    Raises:  BadRequest, ContentTooLarge when the form can't be parsed.
    """
    if request.method != "POST" or not request.has_form:
        return None
    method = request.form().get(FIELD)
    if not isinstance(method, str):
        return None
    method = method.upper()
    return method if method in METHODS else None
