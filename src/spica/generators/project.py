"""The project that a generator changes: what is there already, as far as plans need to know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_MIGRATION = re.compile(r"(\d{14})_(\w+)\.py$")
_STAMP = "%Y%m%d%H%M%S"


@dataclass(frozen=True)
class Project:
    """A folder that `spica new` made; `now` is when the generator runs."""

    root: Path
    now: datetime

    @classmethod
    def at(cls, root: Path) -> Project:
        """The project in a folder, as of this second."""
        return cls(root, datetime.now(UTC))

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        return (self.root / path).is_file()

    def migration_path(self, name: str) -> str:
        """Find the migration of that name, so that a second run meets the first one's file, or choose a new one.

        Args:    name: snake_case, such as `create_posts`.
        Returns: path relative to the project; a new one sorts after every migration that is there.
        """
        stamps = {}
        for file in sorted((self.root / "db/migrations").glob("*.py")):
            if match := _MIGRATION.match(file.name):
                stamps[match[2]] = match[1]
        if name in stamps:
            return f"db/migrations/{stamps[name]}_{name}.py"
        return f"db/migrations/{self._next_stamp(max(stamps.values(), default=''))}_{name}.py"

    def _next_stamp(self, latest: str) -> str:
        stamp = self.now.strftime(_STAMP)
        if stamp > latest:
            return stamp
        return (datetime.strptime(latest, _STAMP).replace(tzinfo=UTC) + timedelta(seconds=1)).strftime(_STAMP)
