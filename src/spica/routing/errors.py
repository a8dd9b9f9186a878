"""Mistakes in a routes file, and in the use of path helpers."""

from __future__ import annotations

from typing import ClassVar

from spica.errors import SpicaError


class RoutingError(SpicaError):
    """Base of the mistakes that can be made with routes."""

    code: ClassVar[str] = "SPICA-R000"


class InvalidPatternError(RoutingError):
    """A route's pattern can't be read: a brace is missing, a type is unknown, a name is used twice."""

    code = "SPICA-R001"


class InvalidTargetError(RoutingError):
    """A route points at something that is neither a function nor `"controller#action"`."""

    code = "SPICA-R002"


class InvalidRouteOptionError(RoutingError):
    """A route has an option that there is not, or one with a value that can't be meant."""

    code = "SPICA-R013"


class UnknownResourceActionError(RoutingError):
    """`only=` or `except_=` names an action that resources don't have."""

    code = "SPICA-R003"


class MisplacedBlockError(RoutingError):
    """`r.member()` or `r.collection()` stands outside a `with r.resources(...)` block."""

    code = "SPICA-R004"


class DuplicateRouteNameError(RoutingError):
    """Two routes with different patterns have the same name, so `paths.<name>` would be ambiguous."""

    code = "SPICA-R005"


class UnknownPathError(RoutingError, AttributeError):
    """`paths.<name>` or `urls.<name>` names no route."""

    code = "SPICA-R006"


class PathArgumentsError(RoutingError, TypeError):
    """A path helper got too few or too many values, or a value that can't stand in a path."""

    code = "SPICA-R007"


class MissingBaseUrlError(RoutingError, AttributeError):
    """`urls.<name>` is used while the application doesn't know its own address."""

    code = "SPICA-R008"


class NoRoutesYetError(RoutingError, AttributeError):
    """`paths` or `urls` is used before an application has been compiled in this process."""

    code = "SPICA-R009"


class DuplicateRouteError(RoutingError):
    """Two routes match the same paths for the same method, so the second can never be reached."""

    code = "SPICA-R012"


class InvalidConverterError(RoutingError):
    """A converter or a constraint can't be read: it is no regular expression, or its name is taken."""

    code = "SPICA-R014"


class InvalidRedirectError(RoutingError):
    """A redirect's target can't be built from its pattern, or leads to a host that a client could choose."""

    code = "SPICA-R015"


class UnknownConcernError(RoutingError):
    """`concerns=` or `r.concerns()` names a concern that was not declared, or one that includes itself."""

    code = "SPICA-R016"


class UnknownSubdomainError(RoutingError):
    """A route is for a subdomain, and the application doesn't know its own domain."""

    code = "SPICA-R017"


class UnknownMemberError(RoutingError, AttributeError):
    """An App or Router was asked for what another framework's application has."""

    code = "SPICA-R018"
