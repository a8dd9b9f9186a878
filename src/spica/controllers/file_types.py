"""File types: which parameters take uploads."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from spica.http.uploads import UploadFile
from spica.injection.annotations import without_none
from spica.injection.types import COLLECTIONS


def is_file(type_: Any) -> bool:
    """Whether a type is an UploadFile, or a list of those, optional or not."""
    type_ = without_none(type_)
    if get_origin(type_) in COLLECTIONS:
        items = [item for item in get_args(type_) if item is not Ellipsis]
        return bool(items) and all(is_file(item) for item in items)
    return isinstance(type_, type) and issubclass(type_, UploadFile)
