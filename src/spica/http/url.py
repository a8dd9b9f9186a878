"""URLs: percent coding, query strings, nested names (`post[tags][]`) and where a redirect may lead.

Rules:
- Parsing is linear and bounded: MAX_PAIRS pairs, MAX_DEPTH brackets; beyond them is a 400, not a shorter result.
- Bytes that aren't UTF-8 become U+FFFD; a `%` that starts no pair of hex digits stays as sent.
- A name whose brackets don't pair up is an ordinary flat name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote as _quote
from urllib.parse import unquote_plus

from spica.errors.http import BadRequest

MAX_PAIRS = 1_000
MAX_DEPTH = 32

# RFC 3986 reserved and unreserved characters and "%": what a whole URL may already hold.
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


class Query(Mapping[str, str]):
    """A query string as a mapping of its last values; `get_all` and `pairs` keep repeats, `nested` follows brackets."""

    __slots__ = ("_last", "pairs")

    def __init__(self, text: str) -> None:
        self.pairs = parse_pairs(text)
        self._last = dict(self.pairs)

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def get_all(self, name: str) -> list[str]:
        """Return every value of a name, in order; [] when it is absent."""
        return [value for key, value in self.pairs if key == name]

    def nested(self) -> dict[str, Any]:
        """Build the nested form: `a[b]=1` is {"a": {"b": "1"}}. Raises BadRequest when names contradict each other."""
        return nest(self.pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def __repr__(self) -> str:
        return f"Query({self.pairs!r})"


def parse_pairs(text: str, *, max_pairs: int = MAX_PAIRS) -> list[tuple[str, str]]:
    """Split `a=1&b=2` into decoded pairs, in order, repeats kept.

    Args:    text: a query string without "?", or urlencoded content; max_pairs: how many pairs are accepted.
    Returns: pairs; a piece without "=" has the value ""; empty pieces are skipped; [] for "".
    Raises:  BadRequest when there are more pairs than that.
    Source:  WHATWG URL section 5.1 (application/x-www-form-urlencoded parsing).
    """
    if not text:
        return []
    if text.count("&") >= max_pairs:
        raise BadRequest(f"more than {max_pairs} parameters were sent")
    pairs = []
    for piece in text.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((decode(name), decode(value)))
    return pairs


def decode(text: str) -> str:
    """Decode one name or value of a query string or form: "+" is a space, %xx a byte of UTF-8."""
    if "%" in text or "+" in text:
        return unquote_plus(text)
    return text


def quote(text: str) -> str:
    """Percent-encode everything except letters, digits and -._~ (one path segment or query value)."""
    return _quote(text, safe="", errors="replace")


def encode_location(url: str) -> str:
    """Make a URL sendable: characters outside ASCII, spaces and quotes are percent-encoded, the rest stays."""
    return _quote(url, safe=_URL_SAFE, errors="replace")


def nest(pairs: Iterable[tuple[str, Any]], *, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Build nested dicts and lists from flat names.

    Args:    pairs: `("a[b][c]", v)` nests dicts, `("a[]", v)` appends to a list, `("a[][b]", v)` fills dicts in a list,
             starting the next one when the name repeats; max_depth: the most brackets in one name.
    Returns: a dict of values, dicts and lists; of a repeated flat name the last value.
    Raises:  BadRequest when a name is too deep, or is used both as a value and as a group.
    Source:  the form names of Rack and PHP; ours are the cases that Rails' forms produce.
    """
    root: dict[str, Any] = {}
    for name, value in pairs:
        path = split_name(name, max_depth)
        if len(path) == 1:
            if isinstance(root.get(name), (dict, list)):
                raise _contradiction(name)
            root[name] = value
        else:
            _place(root, path, value, name)
    return root


def split_name(name: str, max_depth: int = MAX_DEPTH) -> list[str]:
    """Split `post[tags][]` into ["post", "tags", ""]; a name without well-formed brackets is one segment.

    Raises:  BadRequest when there are more than max_depth brackets.
    """
    start = name.find("[")
    if start <= 0 or name[-1] != "]":
        return [name]
    if name.count("[") > max_depth:
        raise BadRequest(f"the parameter name {name[:60]!r} is nested more than {max_depth} levels deep")
    segments = name[start + 1 : -1].split("][")
    if any("[" in segment or "]" in segment for segment in segments):
        return [name]
    return [name[:start], *segments]


def _place(root: dict[str, Any], path: list[str], value: Any, name: str) -> None:
    node: dict[str, Any] | list[Any] = root
    last = len(path) - 1
    for index in range(last):
        wanted: type = list if path[index + 1] == "" else dict
        node = _descend(node, path, index, wanted, name)
    if isinstance(node, list):
        node.append(value)
    elif isinstance(node.get(path[last]), (dict, list)):
        raise _contradiction(name)
    else:
        node[path[last]] = value


def _descend(node: dict[str, Any] | list[Any], path: list[str], index: int, wanted: type, name: str) -> Any:
    """Return the container for path[index], making it when it isn't there yet."""
    if isinstance(node, list):
        # `a[][b]`: the last group takes the value unless it has that name already.
        if wanted is list or not node or not isinstance(node[-1], dict) or _holds(node[-1], path, index + 1):
            node.append(wanted())
        return node[-1]
    child = node.get(path[index])
    if child is None:
        child = node[path[index]] = wanted()
    elif type(child) is not wanted:
        raise _contradiction(name)
    return child


def _holds(group: Any, path: list[str], start: int) -> bool:
    for key in path[start:]:
        if key == "" or not isinstance(group, dict) or key not in group:
            return False
        group = group[key]
    return True


def _contradiction(name: str) -> BadRequest:
    return BadRequest(f"the parameter {name[:60]!r} contradicts an earlier one: it is a value, a group or a list")
