"""Projects: what `App(root=...)` finds in a project's folder.

    config/*.toml          settings            config/routes.py        draw(r)
    app/controllers/       by convention       config/middleware.py    draw(p)
    app/views/             templates           public/                 files, error pages

Rules of this file:
- The two draw files are run, not imported: two projects in one process don't meet in sys.modules.
- A missing routes file is a mistake; without a middleware file the safe defaults stand.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from spica.app.errors import ProjectFileError
from spica.app.helpers import HELPERS, PAGE_VALUES, USE_CHECKS, PageRenderer
from spica.controllers.rendering import Renderer
from spica.errors.base import SpicaError, closest
from spica.errors.foreign_names import find_hint
from spica.middleware.csrf import Csrf
from spica.middleware.declare import Pipelines
from spica.middleware.request_id import RequestId
from spica.middleware.security_headers import SecurityHeaders
from spica.middleware.sessions import Session
from spica.routing.declare import Routes

if TYPE_CHECKING:  # imported where it is needed: an application without views never pays for the compiler
    from spica.templates import Templates

ROUTES = "config/routes.py"
MIDDLEWARE = "config/middleware.py"
VIEWS = "app/views"
COMPILED = "tmp/cache/templates"
PUBLIC = "public"


def add_to_path(root: Path) -> None:
    """Make `from app.models.post import Post` work in the project's code."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))


def load_routes(root: Path) -> Routes:
    """Run config/routes.py.

    Raises: ProjectFileError without the file or its `draw`, and for an exception in it; SpicaErrors as they are.
    """
    routes = Routes()
    _run_draw(root, ROUTES, routes, "def draw(r: Routes) -> None:", 'r.root("home#index")')
    return routes


def load_pipelines(root: Path, pipelines: Pipelines) -> None:
    """Run config/middleware.py; without it every route gets the safe fields, and browsers sessions and CSRF protection.

    Raises: ProjectFileError without the file's `draw`, and for an exception in it; SpicaErrors as they are.
    """
    if not (root / MIDDLEWARE).is_file():
        pipelines.use(RequestId, SecurityHeaders)
        with pipelines.pipeline("browser"):
            pipelines.use(Session, Csrf)
        with pipelines.pipeline("api"):
            pass
        return
    _run_draw(root, MIDDLEWARE, pipelines, "def draw(p: Pipelines) -> None:", "p.use(m.RequestId, m.SecurityHeaders)")


def load_renderer(root: Path, *, reload: bool) -> Renderer:
    """Make the renderer of app/views, with the helpers every template can call."""
    return PageRenderer(load_templates(root, reload=reload, compiled=None if reload else root / COMPILED))


def load_templates(root: Path, *, reload: bool = False, compiled: Path | None = None) -> Templates:
    """Make the templates of app/views; `compiled`: where they are kept from one process to the next."""
    # Lazy: an application without views never pays for the compiler.
    from spica.templates import Templates

    return Templates(
        root / VIEWS, globals=HELPERS, checks=USE_CHECKS, of_request=PAGE_VALUES, reload=reload, compiled=compiled
    )


def _run_draw(root: Path, file: str, target: object, signature: str, example: str) -> None:
    try:
        _find_draw(root, file, signature, example)(target)
    except SpicaError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise ProjectFileError(
            f"{file} raised {kind}: {error}",
            where=_describe_place(error, root),
            fix=find_hint(error) or _find_near(error),
        ) from error


def _find_near(error: Exception) -> str:
    """The name that a misspelt one was meant to be; "" for none."""
    if not isinstance(error, AttributeError) or error.obj is None or not error.name:
        return ""
    public = getattr(error.obj, "__all__", None) or [name for name in dir(error.obj) if not name.startswith("_")]
    near = closest(error.name, public)
    return f"did you mean {near[0]}?" if near else ""


def _describe_place(error: Exception, root: Path) -> str:
    """The lines of the project that an exception went through, the innermost first."""
    frames = [(frame.filename, frame.lineno, frame.line) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno, error.text))
    own = [(Path(name), number, line) for name, number, line in frames if Path(name).is_relative_to(root)]
    return "\n".join(
        f"{path.relative_to(root).as_posix()}:{number}  {(line or '').strip()}".rstrip()
        for path, number, line in reversed(own)
    )


def _find_draw(root: Path, file: str, signature: str, example: str) -> Callable[[Any], object]:
    path = root / file
    fix = f"write there:\n{signature}\n    {example}"
    if not path.is_file():
        raise ProjectFileError(f"the project has no {file}", where=str(root), fix=fix)
    draw = getattr(_run_file(path), "draw", None)
    if not callable(draw):
        raise ProjectFileError(f"{file} defines no function draw", where=str(path), fix=fix)
    return draw  # type: ignore[no-any-return]  # any callable of the user's


def _run_file(path: Path) -> ModuleType:
    module = ModuleType(f"{path.parent.name}.{path.stem}")
    module.__file__ = str(path)
    code = compile(path.read_bytes(), str(path), "exec")
    exec(code, module.__dict__)  # noqa: S102 - the project's own file, as an import would run it
    return module
