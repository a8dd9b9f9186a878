"""What a client is told of an exception."""

from __future__ import annotations

import pytest

from spica import Forbidden, HttpError, UnprocessableContent
from spica.channels import Refused
from spica.channels.responses import describe_refusal
from spica.errors.http import FieldError, ServiceUnavailable
from spica.pubsub import BrokerUnavailable


@pytest.mark.parametrize(
    ("error", "response"),
    [
        (Forbidden("read only"), {"reason": "read only"}),
        (Forbidden(), {"reason": "Forbidden"}),
        (HttpError("gone", status=410), {"reason": "gone"}),
        (
            UnprocessableContent("no", errors=[FieldError("payload", "a", "is missing", "missing")]),
            {"reason": "no", "errors": [{"name": "a", "message": "is missing", "code": "missing"}]},
        ),
        (Refused([1]), [1]),
        (Refused({}), {}),
        (ServiceUnavailable("try again later"), {"reason": "try again later"}),
        (BrokerUnavailable("the host"), {"reason": "The service is not available at the moment; try again later."}),
        (ZeroDivisionError("secret"), None),
    ],
)
def test_refusals_say_why_and_failures_nothing(error: Exception, response: object) -> None:
    assert describe_refusal(error) == response
