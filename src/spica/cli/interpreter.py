"""The console: an interpreter in one thread, and the event loop that runs what it awaits in another.

Rules of this file:
- The loop has the main thread, so that signals and the database's own thread find what they expect; it keeps running
  between two lines, so background tasks go on.
- Ctrl-C cancels what is being awaited, or the line being typed; Ctrl-D ends.
- Input that is no terminal is run without a prompt, and the first error ends with exit code 1.
Source: CPython's Lib/asyncio/__main__.py, whose parts are not importable.
"""

from __future__ import annotations

import ast
import asyncio
import code
import concurrent.futures
import contextlib
import inspect
import sys
import threading
import traceback
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spica.cli.terminal import paint

if TYPE_CHECKING:
    from spica.app.application import App


class Interpreter(code.InteractiveConsole):
    """Runs lines on an event loop in another thread."""

    def __init__(self, namespace: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(namespace)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.exit_code = 0
        self._loop = loop
        self._pending: concurrent.futures.Future[SystemExit | None] | None = None

    def runcode(self, code: types.CodeType) -> None:
        """Run one statement on the loop and wait for it."""
        self._pending = asyncio.run_coroutine_threadsafe(self._run(code), self._loop)
        try:
            leaving = self._pending.result()
        except concurrent.futures.CancelledError:
            self.write("\nKeyboardInterrupt\n")
        except Exception:
            self.showtraceback()
        else:
            if leaving is not None:
                raise leaving
        finally:
            self._pending = None

    def showtraceback(self) -> None:
        """Show an exception without the frames of the console itself."""
        self.exit_code = 1
        error = sys.exc_info()[1]
        if error is not None:
            self.write("".join(traceback.format_exception(error.with_traceback(_own_part(error.__traceback__)))))

    def showsyntaxerror(self, *arguments: Any, **options: Any) -> None:
        """Show a line that does not compile."""
        self.exit_code = 1
        super().showsyntaxerror(*arguments, **options)

    def interrupt(self) -> bool:
        """Cancel what is being awaited. Returns whether there was something."""
        pending = self._pending
        return pending is not None and pending.cancel()

    async def _run(self, code: types.CodeType) -> SystemExit | None:
        # A task that raised SystemExit or KeyboardInterrupt would stop the loop: they leave it as values.
        try:
            value = types.FunctionType(code, self.locals)()
            if inspect.iscoroutine(value):
                await value
        except SystemExit as request:
            return request
        except KeyboardInterrupt:
            raise asyncio.CancelledError from None
        return None


def run_console(app: App) -> int:
    """Start the application and read lines until the input ends.

    Returns: 0; where the input was no terminal, 1 when it failed, or the code it gave to exit().
    """
    interactive = sys.stdin.isatty()
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        runner.run(app.startup())
        try:
            interpreter = Interpreter(build_namespace(app), loop)
            thread = threading.Thread(target=_interact, args=(interpreter, app, loop, interactive), daemon=True)
            thread.start()
            _run_loop(loop, interpreter)
            thread.join(1)
        finally:
            runner.run(app.shutdown())
    return 0 if interactive else interpreter.exit_code


def build_namespace(app: App) -> dict[str, Any]:
    """Collect what the console knows from the start: `app`, `paths`, `settings`, and every model by name."""
    # Lazy: an application without models or views has no reason to load their packages before this.
    from spica.routing.urls import paths

    names: dict[str, Any] = {"__name__": "__console__", "app": app, "paths": paths, "settings": app.settings}
    if app.root is not None:
        from spica.cli.models import load_models

        names |= {model.__name__: model for model in load_models(Path(app.root))}
    return names


def _interact(interpreter: Interpreter, app: App, loop: asyncio.AbstractEventLoop, interactive: bool) -> None:
    try:
        if interactive:
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401  # gives input() history and editing, where Python was built with it
            interpreter.interact(banner=_banner(interpreter, app), exitmsg="")
        else:
            _run_script(interpreter)
    except SystemExit as request:
        interpreter.exit_code = request.code if isinstance(request.code, int) else int(request.code is not None)
    finally:
        loop.call_soon_threadsafe(loop.stop)


def _run_script(interpreter: Interpreter) -> None:
    """Run everything on standard input as one text; what a statement's value is stays unprinted, as in a script."""
    source = sys.stdin.read()
    try:
        compiled = compile(source, "<stdin>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        interpreter.showsyntaxerror("<stdin>")
        return
    interpreter.runcode(compiled)


def _own_part(trace: types.TracebackType | None) -> types.TracebackType | None:
    """Leave out the frames of the console: those before the first line that was typed."""
    part = trace
    while part is not None and part.tb_frame.f_code.co_filename not in ("<console>", "<stdin>"):
        part = part.tb_next
    return part or trace


def _run_loop(loop: asyncio.AbstractEventLoop, interpreter: Interpreter) -> None:
    while True:
        try:
            loop.run_forever()
            return
        except KeyboardInterrupt:
            interpreter.interrupt()


def _banner(interpreter: Interpreter, app: App) -> str:
    names = sorted(name for name in interpreter.locals if name[:1].isupper())
    models = f" Models: {', '.join(names)}." if names else ""
    return paint(f"{app.name} ({app.settings.env}).{models} `await` works here; Ctrl-D ends.", "bold")
