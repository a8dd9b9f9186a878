"""Mistakes in how an application is put together."""

from __future__ import annotations

from collections.abc import Sequence

from spica.errors import SpicaError


class BootError(SpicaError):
    """Several mistakes were found when the application was compiled; `mistakes` lists them all."""

    code = "SPICA-A001"

    def __init__(self, mistakes: Sequence[SpicaError]) -> None:
        super().__init__(f"the application has {len(mistakes)} mistakes", fix="see each of them below")
        self.mistakes = list(mistakes)

    def __str__(self) -> str:
        return "\n\n".join([super().__str__(), *(str(mistake) for mistake in self.mistakes)])


class ProjectFileError(SpicaError):
    """A project lacks a file, or a file lacks the function that Spica calls (`draw` in config/routes.py), or raises an
    exception of another kind when it is run."""

    code = "SPICA-A002"


class FrozenApplicationError(SpicaError):
    """Something was declared on an application after it was compiled."""

    code = "SPICA-A003"


class LifespanError(SpicaError):
    """An application was started twice, or stopped without having been started."""

    code = "SPICA-A004"


def raise_all(mistakes: Sequence[SpicaError]) -> None:
    """Raise what was collected: nothing, the one mistake itself, or a BootError with all of them.

    The same mistake met at several routes (a controller that is missing) is told once, with every place.
    """
    told: dict[tuple[type[SpicaError], str, str, str], SpicaError] = {}
    for mistake in mistakes:
        first = told.setdefault((type(mistake), mistake.what, mistake.why, mistake.fix), mistake)
        if mistake is not first and mistake.where not in first.where:
            first.where = f"{first.where}\n{mistake.where}".strip()
    if len(told) == 1:
        raise next(iter(told.values()))
    if told:
        raise BootError(list(told.values()))
