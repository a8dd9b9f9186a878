"""Resources: the seven routes of a collection and the six of a single thing, as tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from spica.errors import closest
from spica.inflection import singular
from spica.routing.errors import UnknownResourceActionError
from spica.routing.location import Location


class ResourceAction(NamedTuple):
    """One action of a resource: where it lives, how it is called, and which helper leads to it."""

    action: str
    methods: tuple[str, ...]
    member: bool
    suffix: str
    verb: str


COLLECTION_ACTIONS = (
    ResourceAction("index", ("GET",), False, "", ""),
    ResourceAction("new", ("GET",), False, "/new", "new"),
    ResourceAction("create", ("POST",), False, "", ""),
    ResourceAction("show", ("GET",), True, "", ""),
    ResourceAction("edit", ("GET",), True, "/edit", "edit"),
    ResourceAction("update", ("PATCH", "PUT"), True, "", ""),
    ResourceAction("destroy", ("DELETE",), True, "", ""),
)
SINGULAR_ACTIONS = tuple(action for action in COLLECTION_ACTIONS if action.action != "index")


@dataclass(frozen=True, slots=True)
class Resource:
    """What `r.resources(...)` or `r.resource(...)` declared.

    `collection_path` and `member_path` are relative to the scope; `nested_path` is what routes inside the block stand
    under. For a single thing all three are the same.
    """

    name: str
    singular_name: str
    controller: str
    collection_path: str
    member_path: str
    nested_path: str

    @classmethod
    def many(
        cls, name: str, *, path: str | None, param: str, controller: str | None, called: str | None = None
    ) -> Resource:
        """A collection: `/posts`, `/posts/{id}`, and `/posts/{post_id}/…` for what is nested in it."""
        one = singular(called or name)
        collection = f"/{(path or name).strip('/')}"
        return cls(
            name=called or name,
            singular_name=one,
            controller=controller or name,
            collection_path=collection,
            member_path=f"{collection}/{{{param}}}",
            nested_path=f"{collection}/{{{one}_{param}}}",
        )

    @classmethod
    def one(cls, name: str, *, path: str | None, controller: str, called: str | None = None) -> Resource:
        """A single thing without an id: `/profile`."""
        place = f"/{(path or name).strip('/')}"
        return cls(called or name, called or name, controller, place, place, place)

    @property
    def index_name(self) -> str:
        """The helper of the whole collection: `posts`; `news_index` where one and many are the same word."""
        same_word = self.name == self.singular_name and self.collection_path != self.member_path
        return f"{self.name}_index" if same_word else self.name


def choose_actions(
    actions: tuple[ResourceAction, ...], only: Iterable[str] | None, except_: Iterable[str] | None, where: Location
) -> list[ResourceAction]:
    """Apply `only=` and `except_=`.

    Raises: UnknownResourceActionError when one of them names an action that doesn't exist.
    """
    known = [action.action for action in actions]
    chosen = set(known if only is None else _checked(only, known, where)) - set(_checked(except_ or (), known, where))
    return [action for action in actions if action.action in chosen]


def _checked(names: Iterable[str], known: list[str], where: Location) -> list[str]:
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in known:
            near = closest(name, known)
            raise UnknownResourceActionError(
                f"resources have no action {name!r}",
                where=str(where),
                why=f"the actions are {', '.join(known)}",
                fix=f"did you mean {near[0]!r}?" if near else "declare other actions in r.member() or r.collection()",
            )
    return names
