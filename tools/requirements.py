"""Prints every requirement of pyproject.toml, one a line: the package's own, its extras' and the developers'."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parent.parent.joinpath("pyproject.toml").read_text())
groups = [
    project["project"]["dependencies"],
    *project["project"]["optional-dependencies"].values(),
    *project["dependency-groups"].values(),
]
print("\n".join(sorted({requirement for group in groups for requirement in group})))
