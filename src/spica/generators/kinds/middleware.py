"""Middleware of the application: a class with the two hooks, and a test."""

from __future__ import annotations

from spica import inflection
from spica.generators.names import check_identifier
from spica.generators.plan import Plan
from spica.generators.source import render


def plan_middleware(name: str) -> Plan:
    """Plan a middleware; where it is used is for config/middleware.py to say, in the order that it is meant to have.

    Args:    name: `RequireAuth` or `require_auth`.
    Returns: the class and its test.
    Raises:  BadName for a name that is no identifier.
    """
    snake = check_identifier(name, "a middleware")
    middleware = inflection.camel(snake)
    plan = Plan()
    plan.create(f"app/middleware/{snake}.py", render("middleware/middleware.py", middleware=middleware))
    plan.create(f"tests/middleware/test_{snake}.py", render("middleware/test.py", middleware=middleware, snake=snake))
    plan.notes.append(
        f"Use it in config/middleware.py: from app.middleware.{snake} import {middleware}, then p.use({middleware})"
        " outside of a pipeline for every request, or inside of one."
    )
    return plan
