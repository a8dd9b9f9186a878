"""Mistakes in the declaration of middleware, and in what is put into a session.

SpicaError
├── InvalidMiddleware     H101
├── PlainAroundAsync      H102
├── UnknownPipeline       H103
├── UnstorableSession     H104
├── MissingLibrary        H105
└── IrrevocableSession    H106
"""

from __future__ import annotations

from spica.errors.base import SpicaError


class InvalidMiddleware(SpicaError):
    """Something given to `p.use(...)` is not middleware, or a middleware has no hook, or mixes `around` with others."""

    code = "SPICA-H101"


class PlainAroundAsync(SpicaError):
    """An `around` written as plain `def` stands before something asynchronous, whose response it would never see."""

    code = "SPICA-H102"


class UnknownPipeline(SpicaError):
    """A route names a pipeline that is not declared, or names none and "browser" is misspelt where it is declared."""

    code = "SPICA-H103"


class UnstorableSession(SpicaError):
    """The session holds a value without a JSON form, or more than a cookie can carry."""

    code = "SPICA-H104"


class MissingLibrary(SpicaError):
    """A middleware was given something to do that needs a package which is not installed."""

    code = "SPICA-H105"


class IrrevocableSession(SpicaError):
    """Sessions were to be listed or ended, and they live in cookies, where nobody but the visitor can reach them."""

    code = "SPICA-H106"
