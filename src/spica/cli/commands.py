"""All commands except `server`: their names, and how a mistake in typing them is told.

A command's module is imported when it is called; what a command needs
besides cyclopts it imports when it runs.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Sequence

from cyclopts import App, CycloptsError, Group, Parameter
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

import spica
from spica.cli.errors import UsageError
from spica.errors.base import closest

ABOUT = """Spica, a full-stack web framework.

Begin with: spica new blog
"""

MAKE = Group("Make", sort_key=1)
RUN = Group("Run", sort_key=2)
LOOK = Group("Look", sort_key=3)

# Each with the line that `spica --help` has for it: nothing is imported to list them.
COMMANDS = [
    ("new", MAKE, "Make a new project in a folder of that name."),
    (("generate", "g"), MAKE, "Add code to a project: scaffold, model, controller, channel, middleware, migration."),
    ("destroy", MAKE, "Remove what a generator made."),
    ("dev", RUN, "Serve, and restart when a file changes."),
    ("server", RUN, "Serve, as in production."),
    ("reload", RUN, "Replace the workers of the running server by new ones, without losing a request."),
    ("test", RUN, "Run the project's tests: pytest, with SPICA_ENV=test."),
    ("db", RUN, "Migrate, roll back, seed and look at the database."),
    ("build", RUN, "Build ahead what a server would make at its start: templates and assets."),
    ("assets", RUN, "Build the files of app/assets for production."),
    ("console", LOOK, "Python with the application started and top-level await."),
    ("routes", LOOK, "List every route, or say which one answers."),
    ("check", LOOK, "Find what is wrong with the project."),
    ("audit", LOOK, "Look for known vulnerabilities of the packages, and for what is unsafe in the project's code."),
    ("openapi", LOOK, "Print the OpenAPI document of the application."),
    ("config", LOOK, "Print every setting with its value and where that comes from."),
    ("secrets", RUN, "Make, edit, read and rotate the encrypted secrets of the project."),
    ("maintenance", RUN, "Answer 503 while the site is being worked on."),
]
GENERATORS = (
    "scaffold",
    "model",
    "controller",
    "channel",
    "middleware",
    "migration",
)  # typed without `generate` by who comes from elsewhere

# What Django, Rails, Phoenix and Flask call them, and commands of `spica db` without that.
_ELSEWHERE = {
    **{name: f"db {name}" for name in ("migrate", "rollback", "seed", "redo", "status", "reset")},
    **dict.fromkeys(("runserver", "run", "s"), "dev"),
    **dict.fromkeys(("serve", "start"), "server"),
    **dict.fromkeys(("shell", "c"), "console"),
    **dict.fromkeys(("startproject", "init", "create"), "new"),
    **dict.fromkeys(("urls", "show_urls"), "routes"),
    "makemigrations": "db diff",
    "startapp": "generate scaffold",
    "collectstatic": "assets build",
    "credentials": "secrets",
}


def build_app(*, listing: bool = False) -> App:
    """Build the command line: every command by name, none of them imported.

    Args: listing: for the list of all commands, which takes their lines from here instead of their modules.
    """
    app = App(
        name="spica",
        help=ABOUT,
        help_format="plaintext",
        version=f"spica {spica.__version__}",
        version_flags=["--version", "-v"],
        # A switch that is off says nothing by "[default: False]"; where a default matters its help names it.
        default_parameter=Parameter(negative=(), show_default=False),
    )
    for name, group, summary in COMMANDS:
        first = name if isinstance(name, str) else name[0]
        attribute = "app" if first in ("generate", "destroy", "db", "secrets", "maintenance", "assets") else first
        app.command(f"spica.cli.{first}:{attribute}", name=name, group=group, help=summary if listing else None)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command; without one, show the help.

    Returns: the exit code.
    Raises:  UsageError for what was typed wrongly; whatever the command raises.
    """
    try:
        app = build_app(listing=not arguments or arguments[0].startswith("-"))
        if any(word in ("--help", "-h") for word in arguments):
            _let_paragraphs_flow(app, arguments)
        result = app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise UsageError(describe(error, arguments)) from None
    return int(result or 0)


def _let_paragraphs_flow(app: App, arguments: Sequence[str]) -> None:
    """Join the lines of each paragraph of a command's help: the terminal breaks them, at its own width."""
    words = [*itertools.takewhile(lambda word: not word.startswith("-"), arguments)]
    command = app.parse_commands(words)[1][-1]
    parts = inspect.cleandoc(command.help).split("\n\n")
    command.help = "\n\n".join(part if part.startswith(" ") else " ".join(part.split()) for part in parts)


def describe(error: CycloptsError, arguments: Sequence[str]) -> str:
    """Put a mistake in typing into one sentence, with near matches."""
    command = " ".join(["spica", *(error.command_chain or ())])
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        return _unknown_command(error, error.unused_tokens[0])
    if isinstance(error, UnknownOptionError):
        option = (error.token.keyword or error.token.value).partition("=")[0]
        known = [name for argument in error.argument_collection if argument.parse for name in argument.names]
        options = sorted(name for name in {*known, "--help"} if name.startswith("--"))
        return f"{command} has no option {option}{_hint(option, options)}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        return f"{command} needs {name}: see {command} --help" if not name.startswith("-") else f"{name} needs a value"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f'{command} does not take "{error.unused_tokens[0]}": see {command} --help'
    if isinstance(error, CoercionError) and error.token is not None and error.argument is not None:
        wanted = getattr(error.target_type, "__name__", "value")
        return f'{error.argument.name} must be {_kind(wanted)}, not "{error.token.value}"'
    error.verbose = False
    return str(error).strip() or f"{command} can't read {' '.join(arguments)}"


def _unknown_command(error: UnknownCommandError, word: str) -> str:
    known = [name for name in (error.app or ()) if not name.startswith("-")]
    kind = f"spica {error.app.name[0]} command" if error.app is not None and error.app.name[0] != "spica" else "command"
    if kind == "command" and word in GENERATORS:
        return f'unknown command "{word}"; it is a generator: spica generate {word}'
    if kind == "command" and word in _ELSEWHERE:
        return f'unknown command "{word}"; it is called: spica {_ELSEWHERE[word]}'
    return f'unknown {kind} "{word}"{_hint(word, known)}'


def _hint(word: str, known: Iterable[str]) -> str:
    options = [name for name in known if len(name) > 1]
    near = closest(word, options)
    return f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(options)}"


def _kind(type_name: str) -> str:
    return {"int": "a whole number", "float": "a number", "Path": "a path"}.get(type_name, type_name)
