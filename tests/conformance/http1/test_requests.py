"""Every case of RFC 9112 and every smuggling attempt: whole, cut in two, and octet by octet."""

from __future__ import annotations

import pytest

from tests.conformance.http1 import rfc9112, smuggling
from tests.conformance.http1.case import Case, check
from tests.conformance.wire import split_sample

CASES = [pytest.param(case, id=f"rfc9112_{case.id}") for case in rfc9112.CASES]
CASES += [pytest.param(case, id=f"smuggling_{case.id}") for case in smuggling.CASES]
# A larger input is cut at a few places only: octet by octet it would take seconds and prove no more.
OCTETS_AT_MOST = 400
CUTS = 8


@pytest.mark.parametrize("case", CASES)
def test_whole(case: Case, port: int) -> None:
    check(case, port, [case.octets])


@pytest.mark.parametrize("case", CASES)
def test_cut_in_two(case: Case, port: int) -> None:
    for segments in split_sample(case.octets, CUTS, shift=len(case.id)):
        check(case, port, segments)


@pytest.mark.parametrize("case", [case for case in CASES if len(case.values[0].octets) <= OCTETS_AT_MOST])
def test_octet_by_octet(case: Case, port: int) -> None:
    check(case, port, [case.octets[at : at + 1] for at in range(len(case.octets))])
