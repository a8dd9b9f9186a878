"""Errors: one base class, the mistakes every layer shares, and near matches for misspelt names."""

from spica.errors.base import SpicaError, closest
from spica.errors.http import HttpError

__all__ = ["HttpError", "SpicaError", "closest"]
