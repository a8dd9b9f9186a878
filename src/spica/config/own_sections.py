"""Sections of a project's own: the `Section` classes in config/settings.py.

    class Billing(Section): ...        [billing]

Rules: the file is imported as `config.settings`, so that handlers name the same class; of two projects in one process,
the one that was loaded last has the name. A class that is the type of another one's field is a section inside it.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import msgspec

from spica.config.errors import ConfigurationError, Problem
from spica.config.section import Section
from spica.config.settings import SECTIONS, Settings

FILE = "config/settings.py"
_MODULE = "config.settings"
_SUFFIXES = ("Section", "Settings", "Config")


def find_sections(root: Path) -> dict[str, type[msgspec.Struct]]:
    """Import config/settings.py and list its sections.

    Args:    root: the project's folder.
    Returns: the classes by section name, {} without the file.
    Raises:  ConfigurationError when a name is taken or used twice; what importing the file raises.
    """
    path = root / FILE
    if not path.is_file():
        return {}
    classes = [value for value in vars(_import(path, root)).values() if _is_own(value)]
    inside = {field.type for kind in classes for field in msgspec.structs.fields(kind)}
    found: dict[str, type[msgspec.Struct]] = {}
    problems: list[Problem] = []
    for kind in classes:
        if kind in inside:
            continue
        name = section_name(kind)
        if name in SECTIONS or hasattr(Settings, name) or name in found:
            problems.append(Problem(FILE, f"the class {kind.__name__} makes [{name}], which is taken", "rename it"))
        found[name] = kind
    if problems:
        raise ConfigurationError(problems)
    return found


def section_name(kind: type) -> str:
    """The section of a class: `billing` for Billing, BillingSection and BillingSettings."""
    name = next((kind.__name__.removesuffix(end) for end in _SUFFIXES if kind.__name__.endswith(end)), kind.__name__)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name or kind.__name__).lower()


def keys_of(struct: type[msgspec.Struct]) -> frozenset[str]:
    """The keys of a section, those of sections inside it left out."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(struct)) - inner_sections(struct).keys()


def inner_sections(struct: type[msgspec.Struct]) -> Mapping[str, type[msgspec.Struct]]:
    """The sections inside a section, by key."""
    return {
        field.encode_name: field.type
        for field in msgspec.structs.fields(struct)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    }


def _is_own(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Section) and value.__module__ == _MODULE


def _import(path: Path, root: Path) -> ModuleType:
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    present = sys.modules.get(_MODULE)
    if present is not None and getattr(present, "__file__", None) == str(path):
        return present
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_MODULE]
        raise
    return module
