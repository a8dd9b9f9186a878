"""What the document says is what the application does: schemathesis tries to prove otherwise."""

from __future__ import annotations

from collections.abc import Mapping

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.integration.contract_app import build_app

LISTS = {"tag", "filter[labels][]"}
schema = schemathesis.openapi.from_asgi("/api/docs/openapi.json", build_app())


@schema.hook
def filter_query(context: object, query: Mapping[str, object] | None) -> bool:
    """Whether a query arrives as it is meant: of null, [] and {} nothing does, and a list of one is its item."""
    return all(
        value is not None
        and not isinstance(value, dict)
        and (isinstance(value, list) and value != []) == (name in LISTS)
        for name, value in (query or {}).items()
    )


@schema.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_application_keeps_its_document(case: schemathesis.Case) -> None:
    # In a form schemathesis writes null as the text "null", which is as good a text as any.
    untold = [negative_data_rejection] if "multipart" in (case.media_type or "") else []
    case.call_and_validate(excluded_checks=untold)
