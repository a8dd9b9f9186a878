"""Secrets as the application reads them: `app.secrets.stripe.key`, and never by accident in a page or a log.

Rules: a repr has names and no values; pickling, iterating over values and printing are what code must ask for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from spica.errors.base import closest
from spica.secrets.errors import NoSuchSecret


class Secrets:
    """A table of secrets, by attribute or item; a table inside it is another one.

    Args:    table: names and values; path: where it stands, "stripe"; refuse: called instead of reading, for secrets
             that can't be opened: it raises; env: of the environment whose own file they are from, "" for the file that
             all share: what the command that adds one has to name.
    Example:
        >>> secrets = Secrets({"stripe": {"key": "sk_live_1"}})
        >>> secrets.stripe.key
        'sk_live_1'
        >>> secrets
        Secrets(stripe.key=[hidden])
    """

    __slots__ = ("_env", "_path", "_refuse", "_table")

    def __init__(
        self,
        table: Mapping[str, Any] | None = None,
        *,
        path: str = "",
        refuse: Callable[[], NoReturn] | None = None,
        env: str = "",
    ) -> None:
        self._env = env
        self._table = table or {}
        self._path = path
        self._refuse = refuse

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by Python itself: copying, pickling, numpy's protocols
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Any:
        if self._refuse is not None:
            self._refuse()
        if name not in self._table:
            raise self._missing(name)
        value = self._table[name]
        return Secrets(value, path=self._dotted(name), env=self._env) if isinstance(value, dict) else value

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        if self._refuse is not None:
            return "Secrets(locked)"
        return f"Secrets({', '.join(f'{name}=[hidden]' for name in list_names(self._table))})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not pickled: what is needed elsewhere is read there")

    def get(self, name: str, default: Any = None) -> Any:
        """Read a secret by its dotted name, such as "stripe.key"; `default` when it isn't there."""
        try:
            return self.find(name)
        except NoSuchSecret:
            return default

    def find(self, name: str) -> Any:
        """Read a secret by its dotted name.

        Raises: NoSuchSecret, with near matches; SecretsLocked without a key.
        """
        found: Any = self
        for part in name.split("."):
            is_there = isinstance(found, Secrets) and (found._refuse is not None or part in found._table)
            if not is_there:
                raise self._missing(name)  # by its whole name, which is what is to be set
            found = found[part]
        return found

    def section(self, name: str, kind: type[Any]) -> Any:
        """Convert a table to a Struct, or another type that msgspec knows.

        Raises: NoSuchSecret when there is no such table; msgspec.ValidationError, which names the key and the type.
        """
        import msgspec  # here, not above: only what asks for a type needs it

        table = self.find(name)
        return msgspec.convert(table._table if isinstance(table, Secrets) else table, kind)

    def _missing(self, name: str) -> NoSuchSecret:
        dotted = self._dotted(name)
        option = f" --env {self._env}" if self._env else ""
        names = [self._dotted(other) for other in list_names(self._table)]
        near = closest(dotted, {*names, *(other.rpartition(".")[0] for other in names)} - {""})
        return NoSuchSecret(
            f"there is no secret {dotted!r}",
            fix=f"did you mean {near[0]}?" if near else f"add it: spica secrets set {dotted}{option}",
        )

    def _dotted(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def list_names(table: Mapping[str, Any], before: str = "") -> list[str]:
    """The dotted names of all values in a table, in order."""
    names: list[str] = []
    for name, value in table.items():
        names += list_names(value, f"{before}{name}.") if isinstance(value, dict) else [f"{before}{name}"]
    return names
