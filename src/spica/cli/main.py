"""`spica`: where the command line starts.

Rules of this file:
- Nothing heavy is imported before the command is known: `spica server` is measured from here to its first answer, so it
  has an argument parser of its own, and the library that reads all other commands is imported only for them.
- Exit codes: 0 done, 1 failed, 2 typed wrongly (nothing was done), 130 interrupted.
- An error of Spica is shown as its text; any other exception keeps its traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from spica.errors.base import SpicaError
from spica.errors.foreign_names import add_hint

FAILED = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:    arguments: as typed after `spica`; None reads them from the process.
    Returns: the exit code.
    Raises:  SystemExit for a command that ends itself.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except SpicaError as error:
        print(render_error(error), file=sys.stderr)
        return int(getattr(error, "exit_code", FAILED))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left (`spica routes | head`): not our failure, and nobody is left to be told.
        sys.stderr.close()
        return FAILED
    except Exception as error:
        add_hint(error)
        print(f"spica {' '.join(given)} failed unexpectedly; this is what Python says:\n", file=sys.stderr)
        raise


def render_error(error: SpicaError) -> str:
    """Write an error for the terminal: one line when it is a single sentence, else all its parts."""
    return str(error) if error.where or error.why or error.fix else error.short


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["server"]:
        from spica.cli.server import server  # each command imports what it needs, see the rules above

        return server(arguments[1:])
    if arguments in (["--version"], ["-v"]):
        from spica import __version__

        print(f"spica {__version__}")
        return 0
    from spica.cli.commands import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
