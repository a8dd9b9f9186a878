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


def test_ratios_are_to_the_reference_of_the_workload_and_what_was_not_held_is_told(result, add_load):
    add_load("fanout", "limit-fanout", 50_000)
    add_load("fanout", "spica-websocket", 200_000)
    result.idle["tls"] = {"spica-tls": None, "nginx-tls": 20_480.0}
    text = render_report(result)
    assert "delivered/s to limit-fanout" in text
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert next(row for row in rows if row[:2] == ["spica", "200,000"])[6:] == ["4.00", "0.25", "1.00x"]
    assert ["HTTP/1.1, TLS", "spica, TLS", "not held"] in rows
    assert ["HTTP/1.1, TLS", "nginx, TLS", "20,480"] in rows
