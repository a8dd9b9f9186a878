"""Functions, windows, hand-written pieces and JSON in queries, on every database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from spica.db.engine import Database
from spica.orm import (
    QueryError,
    UnknownField,
    case,
    cast,
    coalesce,
    concat,
    count,
    date_part,
    dense_rank,
    first_value,
    lag,
    last_value,
    lead,
    length,
    maximum,
    ntile,
    percent_rank,
    rank,
    raw,
    row_number,
    sum_,
    value,
)
from tests.adapters.data.library import Article, Comment, Person, Rack, fill

pytestmark = pytest.mark.usefixtures("library")

HEAT = ["cold", "warm", "warm", "hot"]
PRICES = [Decimal("1.5"), Decimal("9.5"), Decimal("0.25"), Decimal("9.5")]
SELECTED: dict[str, tuple[Any, list[Any]]] = {
    "case": (case((Article.views > 30, "hot"), (Article.views > 10, "warm"), else_="cold"), HEAT),
    "case without else": (case((Article.views > 30, Article.title)), [None, None, None, "Dogs"]),
    "coalesce": (coalesce(Article.price, Decimal("9.5")), PRICES),
    "coalesce of a date": (
        coalesce(Article.day, date(2000, 1, 1)),
        [date(2026, 1, 31), date(2026, 2, 1), date(2025, 2, 1), date(2000, 1, 1)],
    ),
    "cast to text": (cast(Article.views, str), ["10", "20", "20", "40"]),
    "cast to a number": (cast(cast(Article.views, str), int) + 1, [11, 21, 21, 41]),
    "cast to a float": (cast(Article.views, float) / 4, [2.5, 5.0, 5.0, 10.0]),
    "cast to a date": (cast(Article.written_at, date), [date(2026, 1, 31), date(2026, 2, 1), None, None]),
    "length": (length(Article.title), [4, 4, 4, 4]),
    "concat": (concat(Article.title, "-", Article.title), ["Ants-Ants", "Bees-Bees", "Cats-Cats", "Dogs-Dogs"]),
    "value": (value(7), [7, 7, 7, 7]),
    "value of a time": (value(datetime(2026, 1, 1, tzinfo=UTC)), [datetime(2026, 1, 1, tzinfo=UTC)] * 4),
    "year": (date_part("year", Article.written_at), [2026, 2026, None, None]),
    "month": (date_part("month", Article.written_at), [1, 2, None, None]),
    "day": (date_part("day", Article.written_at), [31, 1, None, None]),
    "hour": (date_part("hour", Article.written_at), [23, 12, None, None]),
    "minute": (date_part("minute", Article.written_at), [59, 0, None, None]),
    "second": (date_part("second", Article.written_at), [58, 0, None, None]),
    "day of the week": (date_part("week_day", Article.day), [6, 0, 6, None]),
    "day of the year": (date_part("year_day", Article.day), [31, 32, 32, None]),
    "raw": (raw("views * :n + 1", int, n=2), [21, 41, 41, 81]),
    "raw without values": (raw("lower(title)", str), ["ants", "bees", "cats", "dogs"]),
    "row number": (row_number().over(order=[Article.views.desc(), Article.id]), [4, 2, 3, 1]),
    "rank": (rank().over(order=Article.views), [1, 2, 2, 4]),
    "dense rank": (dense_rank().over(order=Article.views), [1, 2, 2, 3]),
    "percent rank": (percent_rank().over(order=Article.id), [0.0, 1 / 3, 2 / 3, 1.0]),
    "ntile": (ntile(2).over(order=Article.id), [1, 1, 2, 2]),
    "lag": (lag(Article.title).over(order=Article.id), [None, "Ants", "Bees", "Cats"]),
    "lag by more": (lag(Article.title, 2).over(order=Article.id), [None, None, "Ants", "Bees"]),
    "lead": (lead(Article.day).over(order=Article.id), [date(2026, 2, 1), date(2025, 2, 1), None, None]),
    "first value": (
        first_value(Article.title).over(partition_by=Article.views, order=Article.id),
        ["Ants", "Bees", "Bees", "Dogs"],
    ),
    "last value": (last_value(Article.title).over(order=Article.id, rows=(None, None)), ["Dogs"] * 4),
    "running sum": (sum_(Article.views).over(order=Article.id), [10, 30, 50, 90]),
    "sum of a frame": (sum_(Article.views).over(order=Article.id, rows=(-1, 0)), [10, 30, 40, 60]),
    "share": (count().over(partition_by=Article.views), [1, 2, 2, 1]),
    "window of values": (rank().over(order=(Article.views * -1 + 3).desc()), [1, 2, 2, 4]),
    "JSON": (Article.extras["size"], [{"width": 3}, {"width": 12.5}, None, None]),
    "JSON scalar": (Article.extras["color"], ["red", "blue", 5, None]),
    "JSON as text": (Article.extras["color"].as_(str), ["red", "blue", None, None]),
    "JSON as a number": (Article.extras["size"]["width"].as_(float), [3.0, 12.5, None, None]),
    "JSON as an integer": (Article.extras["color"].as_(int), [None, None, 5, None]),
    "JSON as a decimal": (Article.extras["size"]["width"].as_(Decimal), [Decimal(3), Decimal("12.5"), None, None]),
    "JSON as truth": (Article.extras["draft"].as_(bool), [True, False, None, None]),
    "JSON in a list": (Article.extras["tags"][1]["b"].as_(int), [None, None, 1, None]),
}  # fmt: skip


@pytest.fixture
async def library(database: Database) -> None:
    await fill(database)


@pytest.mark.parametrize("case", SELECTED)
async def test_an_expression(case: str) -> None:
    expression, expected = SELECTED[case]
    found = await Article.order("id").pluck(expression)
    assert found == (pytest.approx(expected) if case == "percent rank" else expected)
    assert [type(item) for item in found] == [type(item) for item in expected]


CONDITIONS: dict[str, tuple[Any, list[int]]] = {
    "case": (case((Article.views > 30, 1), else_=0) == 1, [4]),
    "coalesce": (coalesce(Article.price, Decimal(0)) > Decimal("0.3"), [1]),
    "date part": (date_part("year", Article.day) == 2026, [1, 2]),
    "raw": (raw("lower(title) = :t", t="ants"), [1]),
    "raw with the same value twice": (raw("views = :n or views + 30 = :n", n=40), [1, 4]),
    "raw and another": (raw("views > :n", n=15) & (Article.title < "D"), [2, 3]),
    "not raw": (~raw("views > :n", n=15), [1]),
    "raw compared": (raw("length(title)", int) + Article.views > 20, [2, 3, 4]),
    "raw compared without a type": (raw("views") > 20, [4]),
    "raw in a list": (raw("views", int).in_([10, 40]), [1, 4]),
    "ends with": (Article.title.ends_with("s"), [1, 2, 3, 4]),
    "ends with a wildcard": (Article.title.ends_with("%"), []),
    "JSON text": (Article.extras["color"] == "red", [1]),
    "JSON text is no number": (Article.extras["color"] == "5", []),
    "JSON number": (Article.extras["color"] == 5, [3]),
    "JSON number is larger": (Article.extras["size"]["width"] > 3, [2]),
    "JSON number with a fraction": (Article.extras["size"]["width"] == 12.5, [2]),
    "JSON decimal": (Article.extras["size"]["width"] < Decimal("12.6"), [1, 2]),
    "JSON truth": (Article.extras["draft"] == True, [1]),  # noqa: E712
    "JSON truth is no number": (Article.extras["draft"] == 1, []),
    "JSON in": (Article.extras["color"].in_(["red", "blue"]), [1, 2]),
    "JSON in nothing": (Article.extras["color"].in_([]), []),
    "JSON like": (Article.extras["color"].like("%e%"), [1, 2]),
    "JSON null or missing": (Article.extras["none"] == None, [1, 2, 3, 4]),  # noqa: E711
    "JSON not null": (Article.extras["color"] != None, [1, 2, 3]),  # noqa: E711
    "JSON has a key": (Article.extras.has_key("none"), [1]),
    "JSON has a key deeper": (Article.extras["size"].has_key("width"), [1, 2]),
    "JSON in a list of lists": (Article.extras["tags"][0] == "a", [3]),
    "JSON compared with a column": (Article.extras["color"] < Article.views, [3]),
    "JSON object": (Article.extras.contains({"color": "blue"}), [2]),
    "JSON object deeper": (Article.extras.contains({"size": {"width": 3}}), [1]),
    "JSON object with a list": (Article.extras.contains({"tags": [{"b": 1}]}), [3]),
    "JSON list has": (Article.topics.contains("nature"), [1, 2]),
    "JSON list has a number": (Article.topics.contains(7), [2]),
    "JSON list has all": (Article.topics.contains(["small", "nature"]), [1]),
    "JSON list has none of": (~Article.topics.contains("nature"), [3, 4]),
    "JSON lists overlap": (Article.topics.overlaps(["small", 7, "x"]), [1, 2, 4]),
    "JSON lists overlap with nothing": (Article.topics.overlaps([]), []),
}


@pytest.mark.parametrize("case", CONDITIONS)
async def test_a_condition(case: str) -> None:
    condition, expected = CONDITIONS[case]
    assert await Article.where(condition).order("id").ids() == expected


LISTS: dict[str, tuple[Any, list[int]]] = {
    "has": (Rack.labels.contains("old"), [1]),
    "has all": (Rack.labels.contains(["red", "old"]), [1]),
    "has none": (~Rack.labels.contains("old"), [2]),
    "overlap": (Rack.labels.overlaps(["old", "new", "blue"]), [1]),
    "numbers": (Rack.sizes.contains(2), [1]),
    "numbers overlap": (Rack.sizes.overlaps([2, 9]), [1]),
    "in a subquery": (Rack.id.in_(Rack.where(Rack.labels.contains("old")).select("id")), [1]),
}


@pytest.mark.parametrize("case", LISTS)
async def test_a_list_of_one_type(case: str) -> None:
    condition, expected = LISTS[case]
    assert await Rack.where(condition).order("id").ids() == expected


HOSTILE = ["'", '"', "a'b", "$.x", "x.y", "[0]", "a,b", "{}", "*", "é", " ", "", "\n", "?"]


@pytest.mark.parametrize("key", HOSTILE)
async def test_any_key_of_json_is_bound(key: str, database: Database) -> None:
    await Article.where(id=1).update_all(extras={key: "found"})
    if key in ('"', "\n") and database.dialect != "postgresql":
        with pytest.raises(QueryError, match="can't be looked for"):
            await Article.where(Article.extras[key] == "found").ids()
        return
    assert await Article.where(Article.extras[key] == "found").ids() == [1]
    assert await Article.where(Article.extras.has_key(key)).ids() == [1]


async def test_groups_by_expressions_and_orders_by_what_is_selected() -> None:
    year = date_part("year", Article.day)
    rows: Any = await Article.group(year).select(year=year, n=count(), most=maximum(Article.views)).order("-n", "most")
    assert rows == [(2026, 2, 20), (2025, 1, 20), (None, 1, 40)] or rows == [
        (2026, 2, 20),
        (2025, 1, 20),
        (None, 1, 40),
    ]
    doubled: Any = await Article.select("id", twice=Article.views * -2).order("twice", "id")
    assert doubled == [(4, -80), (2, -40), (3, -40), (1, -20)]


async def test_null_comes_where_it_is_said() -> None:
    assert await Person.order(Person.age.asc().nulls_last()).ids() == [4, 2, 1, 3]
    assert await Person.order(Person.age.asc().nulls_first()).ids() == [3, 4, 2, 1]
    assert await Person.order(Person.age.desc().nulls_last()).ids() == [1, 2, 4, 3]
    assert await Person.order(Person.age.desc().nulls_first()).ids() == [3, 1, 2, 4]
    last = await Person.order(Person.age.desc().nulls_last()).last()
    assert last is not None
    assert last.id == 3


async def test_best_of_each_group_by_a_window() -> None:
    place = row_number().over(partition_by=Comment.article_id, order=Comment.id.desc())
    ranked = Comment.select("id", "text", place=place).cte("ranked")
    assert [row.text for row in await ranked.where(place=1).order("id")] == ["three", "four", "five"]


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: raw(""), "needs a piece of SQL"),
        (lambda: raw("title = 'x'"), "a quoted text"),
        (lambda: raw("title = {title}"), "braces"),
        (lambda: raw("title = %s"), "a placeholder that is not ours"),
        (lambda: raw("title = ?"), "a placeholder that is not ours"),
        (lambda: raw("1; drop table articles"), "a semicolon"),
        (lambda: raw("title -- x"), "a comment"),
        (lambda: raw("title = :t"), "no value for it"),
        (lambda: raw("title", t="x"), "no :t"),
        (lambda: raw("id in (:ids)", ids=[1, 2]), "can't bind [1, 2]"),
        (lambda: raw("views", list), "can't give a"),
        (lambda: raw("views").in_([1]), "kind=int"),
        (lambda: case(), "needs conditions"),
        (lambda: case(Article.views > 1), "needs conditions"),
        (lambda: case(("x", 1)), "not a condition"),
        (lambda: case((Article.views > 1, object())), "neither an expression nor a value"),
        (lambda: cast(Article.views, dict), "can be cast to"),
        (lambda: cast("views", int), "needs a field"),
        (lambda: coalesce(Article.views), "at least two"),
        (lambda: concat(Article.title, 7), "needs text"),
        (lambda: value([1]), "can't be a value"),
        (lambda: date_part("yer", Article.day), "did you mean 'year'"),
        (lambda: date_part("hour", Article.day), "has no hour"),
        (lambda: date_part("year", Article.title), "needs a date"),
        (lambda: ntile(0), "a whole number from 1"),
        (lambda: lag("title"), "needs a field"),
        (lambda: Article.title.over(order=Article.id), "no aggregate"),
        (lambda: rank().over(order="views"), "made of fields of the class"),
        (lambda: rank().over(order=Article.id, rows=(1,)), "two whole numbers"),
        (lambda: Article.select(row_number()), "needs .over"),
        (lambda: Article.extras["a"] == Article.extras["b"], "no type to compare"),
        (lambda: Article.extras["a"].in_([1, "x"]), "of one type"),
        (lambda: Article.extras[-1], "leads nowhere"),
        (lambda: Rack.labels[0], "field(json=True)"),
        (lambda: Rack.labels.has_key("a"), "field(json=True)"),
        (lambda: Article.extras["a"].as_(dict), "can't be read as"),
        (lambda: Article.topics.overlaps("small"), "needs a list"),
        (lambda: Article.extras.has_key(7), "the name of a key"),
        (lambda: "a" in Article.topics, ".contains('a')"),
        (lambda: list(Article.topics), "can't be gone through"),
        (lambda: Article.group(Article.views + 1), "can't be grouped by"),
        (lambda: Article.where(Article.topics == ["a"]), "can only be compared with None"),
    ],
)  # fmt: skip
async def test_mistakes(build: Any, says: str) -> None:
    with pytest.raises((QueryError, UnknownField)) as caught:
        build()
    assert says in str(caught.value)


async def test_values_of_another_type_are_refused_when_the_query_runs() -> None:
    with pytest.raises(QueryError, match="'x' can't be compared with a int"):
        await Article.where(length(Article.title) == "x")
    with pytest.raises(QueryError, match="can't be compared"):
        await Article.where(coalesce(Article.price, Decimal(1)) > "many")
