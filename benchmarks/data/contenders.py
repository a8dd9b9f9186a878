"""Who is compared: the raw driver of each database, Spica, other mappers."""

from __future__ import annotations

from benchmarks.data.rounds import OURS, PEERS, Contender

_SUBJECTS = "benchmarks.data.subjects"
_ALL = ("sqlite", "postgresql", "mysql")
LIMITS = {
    "sqlite": Contender("raw", "raw sqlite3, in place (limit)", f"{_SUBJECTS}.raw_sqlite", OURS),
    "postgresql": Contender("raw", "raw asyncpg, prepared (limit)", f"{_SUBJECTS}.raw_asyncpg", OURS),
    "mysql": Contender("raw", "raw asyncmy (limit)", f"{_SUBJECTS}.raw_asyncmy", OURS),
}
CONTENDERS = [
    Contender("spica", "**Spica**", f"{_SUBJECTS}.spica_models", OURS, _ALL),
    Contender("peewee", "Peewee (sync)", f"{_SUBJECTS}.peewee_orm", PEERS),
    Contender("django", "Django (sync)", f"{_SUBJECTS}.django_orm", PEERS),
    Contender("tortoise", "Tortoise", f"{_SUBJECTS}.tortoise_orm", PEERS),
    Contender("piccolo", "Piccolo", f"{_SUBJECTS}.piccolo_orm", PEERS),
    Contender("sqlalchemy", "SQLAlchemy async ORM", f"{_SUBJECTS}.sqlalchemy_orm", PEERS, _ALL),
]
