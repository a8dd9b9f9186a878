"""Reading wrk's result."""

import pytest

from benchmarks.failure import BenchmarkError
from benchmarks.measure.load import parse_result

OUTPUT = """Running 60m test @ http://127.0.0.1:9911/plaintext
  77820 requests in 501.68ms, 8.02MB read
Requests/sec: 155119.42
RESULT {"requests": 77820, "duration_us": 501678, "p50_us": 200, "p99_us": 589, "errors": 0}
"""


def test_the_result_line_is_found_among_what_wrk_prints():
    assert parse_result(OUTPUT) == {
        "requests": 77820,
        "duration_us": 501678,
        "p50_us": 200,
        "p99_us": 589,
        "errors": 0,
    }


def test_without_a_result_the_error_tells_what_wrk_said():
    with pytest.raises(BenchmarkError, match="unable to connect"):
        parse_result("unable to connect to 127.0.0.1:1 Connection refused\n")
