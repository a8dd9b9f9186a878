"""The application's path helpers, under the names that app/paths.pyi tells editors and type
checkers."""

from spica import paths, urls

__all__ = ["paths", "urls"]
