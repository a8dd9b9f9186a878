"""Reading what load generators print."""

import pytest

from benchmarks.failure import BenchmarkError
from benchmarks.measure import h2load
from benchmarks.measure.generator import parse_result

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


H2LOAD = """starting benchmark...
Warm-up phase is over for thread #0.
Main benchmark duration is over for thread #0. Stopping all clients.

finished in 501.68ms, 50694.00 req/s, 2.26MB/s
requests: 25347 total, 26947 started, 25347 done, 25340 succeeded, 7 failed, 7 errored, 0 timeout
status codes: 25340 2xx, 0 3xx, 0 4xx, 7 5xx
"""


def test_h2load_tells_what_succeeded_in_which_time():
    assert h2load.parse_output(H2LOAD) == (25347, 25340, pytest.approx(0.50168))


def test_without_a_result_the_error_tells_what_h2load_said():
    with pytest.raises(BenchmarkError, match="could not connect"):
        h2load.parse_output("could not connect to host\n")
