"""Scopes: named pieces of queries, `visible = scope(lambda q: q.where(published=True))`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from spica.orm.errors import ModelDefinitionError


class Scope:
    """A scope as it stands in a model's class body; on the class, `Post.visible` is a query."""

    __slots__ = ("build", "is_default", "name", "takes_arguments")

    def __init__(self, build: Callable[..., Any], *, is_default: bool = False) -> None:
        self.build = build
        self.is_default = is_default
        self.name = ""
        self.takes_arguments = len(inspect.signature(build).parameters) > 1

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, record: object, owner: Any) -> Any:
        if record is not None:
            raise AttributeError(f"{self.name!r} is a scope of {owner.__name__}: use {owner.__name__}.{self.name}")
        return self.apply(owner.all())

    def apply(self, query: Any) -> Any:
        """Build the scoped query, or for a scope with arguments the function that does."""
        return (lambda *args, **named: self.build(query, *args, **named)) if self.takes_arguments else self.build(query)


def scope(build: Callable[..., Any], *, default: bool = False) -> Any:
    """Declare a scope in a model's class body.

    Args:    build: from a query to a query; more parameters than the query make it a method; default: every query of
             the model starts with it, except those that begin with `unscoped()`.
    Returns: on the class and on every query of the model, the query that `build` makes.
    Example:
        visible = scope(lambda q: q.where(published=True))
        by = scope(lambda q, author_id: q.where(author_id=author_id))    # Post.visible.by(7)
    """
    if not callable(build):
        raise ModelDefinitionError(f"scope({build!r}) needs a function", fix="write scope(lambda q: q.where(...))")
    made = Scope(build, is_default=default)
    if default and made.takes_arguments:
        raise ModelDefinitionError("a default scope takes the query alone, this one takes more arguments")
    return made


def as_property(scope: Scope) -> property:
    """Make the scope an attribute of a model's query class, so that scopes chain."""
    return property(scope.apply)
