"""Paths: which relations to load, a dot going on from there: "author", "comments.author"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spica.orm.errors import QueryError

Tree = dict[str, Any]  # relations by name, with the tree of their targets


def parse_paths(model: Any, paths: Iterable[str]) -> Tree:
    """Make a tree of paths. Raises UnknownRelation with near matches, QueryError for what is no text."""
    tree: Tree = {}
    for path in paths:
        if not isinstance(path, str):
            name = getattr(path, "name", None)  # Post.author
            raise QueryError(f"a relation is given by its name, got {path!r}", fix=f'write "{name}"' if name else "")
        branch, asked = tree, model
        for name in path.split("."):
            asked = asked.__schema__.relation(name).target
            branch = branch.setdefault(name, {})
    return tree
