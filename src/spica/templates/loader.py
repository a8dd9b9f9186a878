"""Finds template files by name under the roots.

Rules of this file:
- A name is a path below a root without its suffix: "posts/index" is `posts/index.html`; the first root wins.
- A name never leaves its root: `..`, absolute and hidden parts are no template names.
- A file that can't be read as UTF-8 is a template error, not a decoding one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from spica.errors import closest
from spica.templates.errors import TemplateNotFound, TemplateSyntaxError
from spica.templates.source import Source

SUFFIX = ".html"


class Loader:
    """Reads templates from directories.

    Args: roots: directories, searched in order; they may appear later than the loader.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)

    def find(self, name: str) -> Path | None:
        """The file of a template; None when no root has it or the name is not one."""
        if not is_template_name(name):
            return None
        for root in self.roots:
            path = root / f"{name}{SUFFIX}"
            if path.is_file():
                return path
        return None

    def load(self, name: str) -> Source:
        """Read one template.

        Args:    name: without suffix.
        Returns: its source.
        Raises:  TemplateNotFound with the roots and near matches; TemplateSyntaxError when the file is not UTF-8.
        """
        path = self.find(name)
        if path is None:
            why, fix = self._explain(name)
            raise TemplateNotFound(f"no template is named {name!r}", why=why, fix=fix)
        read_at = stamp(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise TemplateSyntaxError(
                f"template {name!r} is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}",
                where=str(path),
                fix="save the file as UTF-8",
            ) from None
        return Source(name, path, text, read_at)

    def names(self) -> list[str]:
        """All template names under all roots, sorted, each once."""
        found: set[str] = set()
        for root in self.roots:
            for path in root.rglob(f"*{SUFFIX}"):
                name = path.relative_to(root).as_posix().removesuffix(SUFFIX)
                if is_template_name(name) and path.is_file():
                    found.add(name)
        return sorted(found)

    def _explain(self, name: str) -> tuple[str, str]:
        roots = ", ".join(str(root) for root in self.roots) or "no root was given"
        why = f"{name}{SUFFIX} is in none of: {roots}"
        if not is_template_name(name):
            why = "a template's name is a path below its root, such as posts/index, without '..' or a leading '/'"
        near = closest(name.removesuffix(SUFFIX), self.names())
        if near:
            return why, f"did you mean {' or '.join(repr(match) for match in near)}?"
        return why, f"create {self._first_root() / f'{name}{SUFFIX}'}" if is_template_name(name) else "use such a name"

    def _first_root(self) -> Path:
        return self.roots[0] if self.roots else Path()


def is_template_name(name: str) -> bool:
    """Whether a name can name a template: relative, inside the root, no hidden parts."""
    if not name or "\\" in name or "\0" in name or name.startswith("/"):
        return False
    return all(not part.startswith(".") for part in PurePosixPath(name).parts)


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written: modification time in ns and size; (0, -1) when it is gone."""
    try:
        status = path.stat()
    except OSError:
        return (0, -1)
    return (status.st_mtime_ns, status.st_size)
