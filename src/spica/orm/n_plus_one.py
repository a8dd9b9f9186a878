"""N+1: the same query again and again from one line, where one query for all records would do.

Rules of this file:
- Counted are reads by a request (or a test) with the same text from the same line of the application. Reading in
  batches, and what saves and destroys ask, is not meant.
- What to write instead is found by the text: a table and the column that is compared, which is the key of a relation.
- Nothing of this is loaded in production.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from spica.db.driver import Parameters
from spica.db.observed import MOST_REPEATS, Place, Scope
from spica.orm.destroying import destroy_record
from spica.orm.errors import ModelDefinitionError, OrmError
from spica.orm.persistence import save_record
from spica.orm.reading.batches import Batches
from spica.orm.relations.loading import MOST_KEYS
from spica.orm.relations.registry import list_models
from spica.orm.relations.relation import Relation
from spica.orm.relations.writing.related import Related

_NOT_MEANT = frozenset(
    function.__code__ for function in (save_record, destroy_record, Batches.in_batches, Batches.__aiter__, Related._run)
)
_SELECT = re.compile(r"\s*select\b", re.IGNORECASE)
_FILTER = re.compile(
    r"\bFROM [`\"]?(?P<table>\w+)[`\"]?(?: LEFT OUTER JOIN \S+ AS \S+ ON \S+ = \S+)*"  # joined by includes
    r" WHERE [`\"]?\w+[`\"]?\.[`\"]?(?P<column>\w+)[`\"]? (?:=|IN)"
)


class NPlusOne(OrmError):
    """The same query ran again and again from one line: each record asks for its own."""

    code = "SPICA-D132"


class Advice(NamedTuple):
    """What a repeated query was for, and what to write instead."""

    relation: str
    fix: str


def find_repetition(scope: Scope, sql: str, parameters: Parameters, place: Place) -> NPlusOne | None:
    """Count a statement; the error when it is the one too many, once for each line and text."""
    is_meant = len(parameters) < MOST_KEYS and not _NOT_MEANT & place.between
    if not is_meant or not (place.file or scope.label) or not _SELECT.match(sql):
        return None
    address = sql, place.file, place.line
    scope.times[address] += 1
    if scope.times[address] != MOST_REPEATS + 1:
        return None
    advice = advise(sql)
    return NPlusOne(
        f"one query ran more than {MOST_REPEATS} times from one line"
        + (f", for {advice.relation}" if advice.relation else "")
        + (f", in {scope.label}" if scope.label else ""),
        where=str(place),
        why=f"each record asks for its own: {sql}",
        fix=advice.fix,
    )


def advise(sql: str) -> Advice:
    """Find which relation a query reads, and how to read it for all records at once."""
    found = _FILTER.search(sql)
    if found is not None:
        relations = list(_relations_read(found["table"], found["column"]))
        if relations:
            names = " or ".join(dict.fromkeys(map(repr, relations)))
            owner, name = relations[0].owner.__name__, relations[0].name
            if "count(" in sql[: found.start()].lower():
                counted = "keep the number in a field: belongs_to(counter_cache=True); or count for all by group"
                return Advice(names, f'{counted}, or load them: {owner}.includes("{name}")')
            return Advice(names, f'load it with the records: {owner}.includes("{name}")')
    return Advice("", "read them by one query, as where(id=[...])")


def _relations_read(table: str, column: str) -> Iterator[Relation]:
    """The relations that a query for rows of a table by a column may stand for."""
    for model in list_models():
        relations: Any = model.__schema__.relations.values()
        for relation in relations:
            try:
                if (
                    relation.through is None
                    and relation.target.__schema__.table == table
                    and column == _read_by(relation)
                ):
                    yield relation
            except ModelDefinitionError:  # this relation can't work, which is told where it is used
                continue


def _read_by(relation: Relation) -> str:
    """The column of the target that a relation's records are found by."""
    if relation.kind == "belongs_to":
        return relation.key
    return relation.other_key if relation.kind == "many_to_many" else relation.foreign_key
