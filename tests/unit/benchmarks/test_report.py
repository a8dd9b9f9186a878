"""The report of a run."""

import json

from benchmarks.report import build_document, render_report


def test_a_report_shows_what_was_measured_and_leaves_out_the_rest(result, add_load):
    add_load("plaintext", "limit", 150_000)
    add_load("plaintext", "spica", 75_000)
    text = render_report(result)
    row = next(line for line in text.splitlines() if line.startswith("| spica "))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("spica", "75,000", "200", "900", "13.3", "100%", "0.50", "2.00", "1.00x"),
    ]
    assert "## At rest" not in text
    assert "Test CPU, 2 cores" in text


def test_the_document_holds_every_sample_and_verdict(result, add_load):
    add_load("plaintext", "limit", 150_000)
    document = json.loads(json.dumps(build_document(result)))
    assert document["load"]["plaintext"]["limit"][0]["requests"] == 150_000
    assert {one["verdict"] for one in document["budgets"]} == {"not measured"}
