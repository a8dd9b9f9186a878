"""Finds template files by name under the roots.

Rules of this file:
- A name is a path below a root: "posts/index" is `posts/index.html`; the names of other formats keep their suffix, as
  "feed.xml". The file may end in `.erb` or `.hbs` besides, by its syntax; only one of them. The first root wins.
- A name never leaves its root: `..`, absolute and hidden parts are no template names.
- A file that can't be read as UTF-8 is a template error, not a decoding one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spica.errors import closest
from spica.templates.errors import TemplateNotFound, TemplateSyntaxError
from spica.templates.formats import FORMATS, HTML, format_of
from spica.templates.source import ERB, HANDLEBARS, Source

SUFFIX = ".html"
SYNTAXES = ("", ERB, HANDLEBARS)
SUFFIXES = tuple(f".{format}{syntax}" for format in FORMATS for syntax in SYNTAXES)
COMPONENT = "component:"
"""What the names of components start with, where the names of templates do not."""


class Loader:
    """Reads templates from directories.

    Args: roots: directories, searched in order; components: those of components; both may appear later than the loader.
    """

    def __init__(self, roots: Sequence[Path], components: Sequence[Path] = ()) -> None:
        self.roots = tuple(roots)
        self.components = tuple(components)

    def find(self, name: str) -> Path | None:
        """The file of a template; None when no root has it or the name is not one."""
        if not is_template_name(name):
            return None
        for root in self._roots_of(name):
            for path in _files(root, name):
                if path.is_file():
                    return path
        return None

    def load(self, name: str) -> Source:
        """Read one template.

        Args:    name: without suffix.
        Returns: its source.
        Raises:  TemplateNotFound with the roots and near matches; TemplateSyntaxError when the file is not UTF-8.
        """
        places = self._roots_of(name) if is_template_name(name) else ()
        files = next(
            (files for root in places if (files := [path for path in _files(root, name) if path.is_file()])), []
        )
        if not files:
            why, fix = self._explain(name)
            kind = "component" if name.startswith(COMPONENT) else "template"
            raise TemplateNotFound(f"no {kind} is named {name.removeprefix(COMPONENT)!r}", why=why, fix=fix)
        path, *others = files
        if others:
            raise TemplateSyntaxError(
                f"template {name!r} has two files",
                where=f"{path}\n{others[0]}",
                why="one name has one content, whatever its syntax",
                fix="delete or rename one of them",
            )
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
        return _list_names(self.roots)

    def component_names(self) -> list[str]:
        """The names of all components, as `find` takes them, sorted."""
        return [f"{COMPONENT}{name}" for name in _list_names(self.components)]

    def _roots_of(self, name: str) -> tuple[Path, ...]:
        return self.components if name.startswith(COMPONENT) else self.roots

    def _explain(self, name: str) -> tuple[str, str]:
        places, known = self._roots_of(name), _list_names(self._roots_of(name))
        roots = ", ".join(str(root) for root in places) or "no root was given"
        name = name.removeprefix(COMPONENT)
        file = name if format_of(name) != HTML else f"{name}{SUFFIX}"
        why = f"{file} is in none of: {roots}"
        if not is_template_name(name):
            why = "a template's name is a path below its root, such as posts/index, without '..' or a leading '/'"
        near = closest(_without_suffix(name), known)
        if near:
            return why, f"did you mean {' or '.join(repr(match) for match in near)}?"
        first = places[0] if places else Path()
        return why, f"create {first / file}" if is_template_name(name) else "use such a name"


def _list_names(roots: Sequence[Path]) -> list[str]:
    found: set[str] = set()
    for root in roots:
        for path in [path for suffix in SUFFIXES for path in root.rglob(f"*{suffix}")]:
            name = _without_suffix(path.relative_to(root).as_posix())
            if is_template_name(name) and path.is_file():
                found.add(name)
    return sorted(found)


def _files(root: Path, name: str) -> list[Path]:
    name = name.removeprefix(COMPONENT)
    file = name if format_of(name) != HTML else f"{name}{SUFFIX}"
    return [root / f"{file}{syntax}" for syntax in SYNTAXES]


def _without_suffix(name: str) -> str:
    for syntax in SYNTAXES[1:]:
        name = name.removesuffix(syntax)
    return name.removesuffix(SUFFIX)


def is_template_name(name: str) -> bool:
    """Whether a name can name a template: relative, inside the root, no hidden parts."""
    name = name.removeprefix(COMPONENT)
    if not name or "\\" in name or "\0" in name or name.startswith("/"):
        return False
    # One file has one name: `./a` and `b//a`, given as values, would each be compiled and kept.
    return all(part and not part.startswith(".") for part in name.split("/"))


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written: modification time in ns and size; (0, -1) when it is gone."""
    try:
        status = path.stat()
    except OSError:
        return (0, -1)
    return (status.st_mtime_ns, status.st_size)
