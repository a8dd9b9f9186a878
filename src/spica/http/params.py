"""Parameters of a request, and the permission they need before they reach a model.

Rules:
- `Params` is what the client sent: path, query and content merged. It can't become keyword arguments or a model.
- `permit` and `expect` copy the named keys into `Permitted`, a plain dict a model accepts. Nothing passes unnamed.
- A key of the wrong shape (a group where a value is expected) is left out by `permit` and a 400 in `expect`.
- Numbered groups (`lines[0][sku]`, as fields of nested records are named) are a list in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from spica.errors.http import BadRequest, HttpError, UnsupportedMediaType
from spica.http import media_types
from spica.http.errors import UnpermittedParams
from spica.http.uploads import UploadFile

Shape = Sequence[Any] | Mapping[str, Any]
"""What `permit` lets through under a key: [] a list of values, ["a", "b"] a group (or a list of groups) with these
keys, [["a", "b"]] a list of groups and nothing else, {} any group, {"a": [], "b": None} a group with nested shapes,
where None stands for a single value."""

MAX_NUMBER_DIGITS = 9
_SCALARS = (str, int, float, bool, type(None), UploadFile)


class Permitted(dict[str, Any]):
    """Parameters that were named one by one; a dict that models accept."""

    permitted = True


class Params:
    """What the client sent, by name; groups are Params themselves.

    Not a dict, on purpose: `Post(**params)` and `dict(params)` raise instead of letting every key through.

    Args:    values: nested dicts, lists, texts and UploadFiles; unread: the type of content that was sent and holds no
             parameters; what is missing then was sent in a way that can't be read, which is a 415.
    """

    __slots__ = ("_unread", "_values")

    permitted = False

    def __init__(self, values: Mapping[str, Any] | None = None, *, unread: str = "") -> None:
        self._values: Mapping[str, Any] = values if values is not None else {}
        self._unread = unread

    def __getitem__(self, name: str) -> Any:
        return _wrap(self._values[name])

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a name: text, list, Params (a group), UploadFile; default when it is absent."""
        value = self._values.get(name, default)
        return _wrap(value)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Params):
            return self._values == other._values
        return NotImplemented

    __hash__ = None  # type: ignore[assignment] # what compares by content and may hold lists has no hash

    def items(self) -> ItemsView[str, Any]:
        """Return names and values, groups as Params."""
        return {name: _wrap(value) for name, value in self._values.items()}.items()

    def keys(self) -> NoReturn:
        """Refuse: `**params` and `dict(params)` ask for this, and would let every key through."""
        raise UnpermittedParams(
            "raw params can't be unpacked: a visitor may add any key to them",
            why="`**params` would hand a model keys that the form never had, such as `admin` (mass assignment)",
            fix='name what may pass: params.require("post").permit("title", "body")',
        )

    def require(self, name: str) -> Params:
        """Return a group.

        Raises:  BadRequest when it is absent, empty or not a group; UnsupportedMediaType when the content has a type
                 that no parameters are read from.
        """
        value = self._values.get(name)
        if not isinstance(value, Mapping) or not value:
            raise self._refuse(name, "is missing" if not value else "is not a group of parameters")
        return Params(value)

    def permit(self, *names: str, **shapes: Shape) -> Permitted:
        """Copy the named values, and nothing else.

        Args:    names: keys of single values; shapes: keys of lists and groups, as `tags=[]`, `address=["street"]`,
                 `settings={}` (any key inside), `author={"name": None, "links": []}`.
        Returns: a Permitted with the keys that were sent in the right shape; {} when none was.
        """
        return _permit(self._values, names, shapes)

    def expect(self, *names: str, **shapes: Shape) -> Any:
        """Copy the named values and insist on all of them: `post = params.expect(post=["title", "body"])`.

        Args:    as permit; a group can't be sent as a list of groups here, say `[["title"]]` for that. What a shape
                 names inside of a group may be absent.
        Returns: the value when one was named, else a list of the values in the order of their names.
        Raises:  BadRequest naming the first key that is missing, empty or of the wrong shape; UnsupportedMediaType when
                 the content has a type that no parameters are read from.
        """
        permitted = _permit(self._values, names, shapes, strict=True)
        for name in (*names, *shapes):
            if name not in permitted:
                raise self._refuse(name, "has the wrong shape" if name in self._values else "is missing")
            if isinstance(permitted[name], (dict, list)) and not permitted[name] and shapes[name]:
                raise self._refuse(name, "is missing" if not self._values[name] else "has none of its parameters")
        values = [permitted[name] for name in (*names, *shapes)]
        return values[0] if len(values) == 1 else values

    def to_unsafe_dict(self) -> dict[str, Any]:
        """Return everything the client sent as a plain dict, for logging or your own checks; never for a model."""
        return dict(self._values)

    def _refuse(self, name: str, state: str) -> HttpError:
        if self._unread and name not in self._values:
            return UnsupportedMediaType(
                f"the parameter {name!r} is missing: it is read from JSON or a form, not from {self._unread}",
                fields=[("accept", ", ".join((media_types.JSON, media_types.URLENCODED, media_types.MULTIPART)))],
            )
        return BadRequest(f"the parameter {name!r} {state}")

    def __repr__(self) -> str:
        return f"Params({dict(self._values)!r})"


def _wrap(value: Any) -> Any:
    if isinstance(value, dict):
        return Params(value)
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [_wrap(item) for item in value]
    return value


def numbered(group: Any) -> list[Any] | None:
    """The members of a group whose names are all numbers, in their order; None for any other value."""
    if not isinstance(group, Mapping) or not group:
        return None
    if not all(key.isascii() and key.isdigit() and len(key) <= MAX_NUMBER_DIGITS for key in group):
        return None
    return [group[key] for key in sorted(group, key=int)]


def _permit(
    values: Mapping[str, Any], names: Sequence[str], shapes: Mapping[str, Shape], *, strict: bool = False
) -> Permitted:
    permitted = Permitted()
    for name in names:
        if name in values and isinstance(values[name], _SCALARS):
            permitted[name] = values[name]
    for name, shape in shapes.items():
        if name in values:
            value = _shaped(values[name], shape, strict=strict)
            if value is not None:
                permitted[name] = value
    return permitted


def _shaped(value: Any, shape: Shape, *, strict: bool) -> Any:
    """Return the permitted copy of a list or group, None when it has another shape.

    `strict` is for `expect`, which takes a list of groups only where the shape says that it is one.
    """
    if isinstance(shape, Mapping):
        names = [name for name, inner in shape.items() if inner is None]
        inner_shapes = {name: inner for name, inner in shape.items() if inner is not None}
        if not isinstance(value, Mapping):
            return None
        return _permit(value, names, inner_shapes, strict=strict) if shape else Permitted(value)
    if not shape:
        return _scalar_list(value)
    only_list = len(shape) == 1 and isinstance(shape[0], list)
    keys: Sequence[Any] = shape[0] if only_list else shape
    members = numbered(value) if isinstance(value, Mapping) else value
    if isinstance(members, list) and all(isinstance(item, Mapping) for item in members) and (only_list or not strict):
        return [_group(item, keys, strict=strict) for item in members]
    return _group(value, keys, strict=strict) if isinstance(value, Mapping) and not only_list else None


def _group(value: Mapping[str, Any], shape: Sequence[Any], *, strict: bool) -> Permitted:
    """Permit a group by a sequence of names and {name: shape} dicts."""
    names = [item for item in shape if isinstance(item, str)]
    shapes = {name: inner for item in shape if isinstance(item, Mapping) for name, inner in item.items()}
    return _permit(value, names, shapes, strict=strict)


def _scalar_list(value: Any) -> list[Any] | None:
    value = numbered(value) or value
    if isinstance(value, list) and all(isinstance(item, _SCALARS) for item in value):
        return list(value)
    return None
