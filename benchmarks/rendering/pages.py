"""What is rendered: TechEmpower's fortunes, and a page of 100 rows with include, component, filter and URL in each."""

from __future__ import annotations

from benchmarks.data.operations import Operation

FORTUNES = [
    "Additional fortune added at request time.",
    "fortune: No such file or directory",
    "A computer scientist is someone who fixes things that aren't broken.",
    "After enough decimal places, nobody gives a damn.",
    "A bad random number generator: 1, 1, 1, 1, 1, 4.33e+67, 1, 1, 1",
    "A computer program does what you tell it to do, not what you want it to do.",
    "Emacs is a nice operating system, but I prefer UNIX. — Tom Christaensen",
    "Any program that runs right is obsolete.",
    "A list is only as strong as its weakest link. — Donald Knuth",
    "Feature: A bug with seniority.",
    "Computers make very fast, very accurate mistakes.",
    '<script>alert("This should not be displayed in a browser alert box.");</script>',
    "フレームワークのベンチマーク",
]


class Fortune:
    """A fortune; not a tuple, whose fields MiniJinja doesn't see."""

    __slots__ = ("id", "message")

    def __init__(self, id: int, message: str) -> None:
        self.id = id
        self.message = message


class Row:
    """A row of the page; a plain object with slots, as records are."""

    __slots__ = ("active", "email", "id", "name", "score")

    def __init__(self, number: int) -> None:
        self.id = number
        self.name = f"User <{number}> & co"
        self.email = f"user{number}@example.com"
        self.active = number % 3 == 0
        self.score = number * 7


def url_of(number: int) -> str:
    """A path helper."""
    return f"/users/{number}"


fortunes = [Fortune(number, message) for number, message in enumerate(FORTUNES)]
rows = [Row(number) for number in range(1, 101)]
OPERATIONS = [
    Operation("fortunes", "fortunes", 300, budget=1.5),
    Operation("page", "100 rows", 20, budget=1.5),
]
