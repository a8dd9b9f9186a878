"""Parameters of a request, and the permission they need before they reach a model.

Rules:
- `Params` is what the client sent: path, query and content merged. It can't become keyword arguments or a model.
- `permit` and `expect` copy the named keys into `Permitted`, a plain dict a model accepts. Nothing passes unnamed.
- A key of the wrong shape (a group where a value is expected) is left out by `permit` and a 400 in `expect`.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from spica.errors.http import BadRequest
from spica.http.errors import UnpermittedParams
from spica.http.uploads import UploadFile

Shape = Sequence[Any] | Mapping[str, Any]
"""What `permit` lets through under a key: [] a list of values, ["a", "b"] a group (or a list of groups) with these
keys, {} any group, {"a": [], "b": None} a group with nested shapes, where None stands for a single value."""

_SCALARS = (str, int, float, bool, type(None), UploadFile)


class Permitted(dict[str, Any]):
    """Parameters that were named one by one; a dict that models accept."""

    permitted = True


class Params:
    """What the client sent, by name; groups are Params themselves.

    Not a dict, on purpose: `Post(**params)` and `dict(params)` raise instead of letting every key through.
    """

    __slots__ = ("_values",)

    permitted = False

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._values: Mapping[str, Any] = values if values is not None else {}

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

        Raises:  BadRequest when it is absent, empty or not a group.
        """
        value = self._values.get(name)
        if not isinstance(value, Mapping) or not value:
            state = "is missing" if not value else "is not a group of parameters"
            raise BadRequest(f"the parameter {name!r} {state}")
        return Params(value)

    def permit(self, *names: str, **shapes: Shape) -> Permitted:
        """Copy the named values, and nothing else.

        Args:    names: keys of single values; shapes: keys of lists and groups, as `tags=[]`, `address=["street"]`,
                 `settings={}` (any key inside), `author={"name": None, "links": []}`.
        Returns: a Permitted with the keys that were sent in the right shape; {} when none was.
        """
        return _permit(self._values, names, shapes)

    def expect(self, *names: str, **shapes: Shape) -> Permitted:
        """Copy the named values and insist on all of them.

        Args:    as permit.
        Raises:  BadRequest naming the first key that is missing or of the wrong shape.
        """
        permitted = _permit(self._values, names, shapes)
        for name in (*names, *shapes):
            if name not in permitted:
                state = "has the wrong shape" if name in self._values else "is missing"
                raise BadRequest(f"the parameter {name!r} {state}")
        return permitted

    def to_unsafe_dict(self) -> dict[str, Any]:
        """Return everything the client sent as a plain dict, for logging or your own checks; never for a model."""
        return dict(self._values)

    def __repr__(self) -> str:
        return f"Params({dict(self._values)!r})"


def _wrap(value: Any) -> Any:
    if isinstance(value, dict):
        return Params(value)
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [_wrap(item) for item in value]
    return value


def _permit(values: Mapping[str, Any], names: Sequence[str], shapes: Mapping[str, Shape]) -> Permitted:
    permitted = Permitted()
    for name in names:
        if name in values and isinstance(values[name], _SCALARS):
            permitted[name] = values[name]
    for name, shape in shapes.items():
        if name in values:
            value = _shaped(values[name], shape)
            if value is not None:
                permitted[name] = value
    return permitted


def _shaped(value: Any, shape: Shape) -> Any:
    """Return the permitted copy of a list or group, None when it has another shape."""
    if isinstance(shape, Mapping):
        names = [name for name, inner in shape.items() if inner is None]
        inner_shapes = {name: inner for name, inner in shape.items() if inner is not None}
        if not isinstance(value, Mapping):
            return None
        return _permit(value, names, inner_shapes) if shape else Permitted(value)
    if not shape:
        return _scalar_list(value)
    if isinstance(value, Mapping):
        return _group(value, shape)
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return [_group(item, shape) for item in value]
    return None


def _group(value: Mapping[str, Any], shape: Sequence[Any]) -> Permitted:
    """Permit a group by a sequence of names and {name: shape} dicts."""
    names = [item for item in shape if isinstance(item, str)]
    shapes = {name: inner for item in shape if isinstance(item, Mapping) for name, inner in item.items()}
    return _permit(value, names, shapes)


def _scalar_list(value: Any) -> list[Any] | None:
    if isinstance(value, list) and all(isinstance(item, _SCALARS) for item in value):
        return list(value)
    return None
