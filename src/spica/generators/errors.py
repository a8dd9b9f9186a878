"""Errors of the generators: what a name, a field or a folder can be wrong about.

SpicaError
├── BadName               G010
├── BadField              G011
│   └── UnknownFieldType  G012
├── FolderNotEmpty        G013
├── FilesDiffer           G014
├── RoutesNotRecognised   G015
└── CannotWrite           G016
"""

from __future__ import annotations

from typing import ClassVar

from spica.errors import SpicaError

USAGE = 2  # exit code of a command that was typed wrongly; `spica.cli.main` reads the attribute


class BadName(SpicaError):
    """A generator got a name that cannot become a class, a module and a table."""

    code = "SPICA-G010"
    exit_code: ClassVar[int] = USAGE


class BadField(SpicaError):
    """A field argument such as `title:string:unique` does not parse: its name, a modifier or a default is wrong."""

    code = "SPICA-G011"
    exit_code: ClassVar[int] = USAGE


class UnknownFieldType(BadField):
    """A field argument names a type that does not exist."""

    code = "SPICA-G012"


class FolderNotEmpty(SpicaError):
    """`spica new` was pointed at a folder that already holds files."""

    code = "SPICA-G013"


class FilesDiffer(SpicaError):
    """A generator would have to overwrite, or `spica destroy` to remove, files that differ from what is generated, so
    nothing was changed at all."""

    code = "SPICA-G014"


class RoutesNotRecognised(SpicaError):
    """config/routes.py has no `def draw(r)` into which a generator could put a line."""

    code = "SPICA-G015"


class CannotWrite(SpicaError):
    """A file could not be written: no permission, a full disk, or a file stands where a folder is needed.

    What was written before it is taken back.
    """

    code = "SPICA-G016"
