"""The long form: `python -m tests.torture [PROMISE …] [--seed N] [--short]`. Exits with 1 when a promise was broken."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys

import pytest

from tests.torture import promises
from tests.torture.verdict import Run


def names() -> list[str]:
    """The modules of promises, in order."""
    return sorted(module.name for module in pkgutil.iter_modules(promises.__path__))


def attack(name: str, run: Run) -> None:
    """Run one promise. Skips, as pytest does, when it needs what is not there."""
    importlib.import_module(f"{promises.__name__}.{name}").run(run)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("promises", nargs="*", type=int, help="their numbers; all without")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args(arguments)
    run = Run(is_long=not options.short, **({"seed": options.seed} if options.seed is not None else {}))
    for name in names():
        number = int(name[1:3])
        if options.promises and number not in options.promises:
            continue
        try:
            attack(name, run)
        except pytest.skip.Exception as skipped:
            print(f"promise {number}: SKIP ({skipped})")
        except Exception as error:  # one promise that can't be tried must not hide the others
            print(f"promise {number}: FAIL ({type(error).__name__}: {error})", flush=True)
            run.failures.append(name)
    print(f"{len(run.failures)} of what was promised did not hold" if run.failures else "all held")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
