"""Tables and numbers as they are printed."""

from benchmarks.tables import render_number, render_significant, render_table


def test_a_table_is_padded_markdown_with_numbers_to_the_right():
    assert render_table(["server", "req/s"], [["limit", "150,000"], ["spica", "9"]]) == (
        "| server |   req/s |\n| ------ | ------: |\n| limit  | 150,000 |\n| spica  |       9 |"
    )


def test_numbers_keep_the_digits_that_matter():
    assert [render_significant(value) for value in (1234.5, 12.34, 1.234, 0.0123, None)] == [
        "1,234",
        "12.3",
        "1.23",
        "0.012",
        "-",
    ]
    assert render_number(158080.4) == "158,080"
