"""A new project: everything that `spica new blog` writes."""

from __future__ import annotations

import html
import json

from spica import inflection
from spica.generators.names import check_identifier
from spica.generators.plan import Plan
from spica.generators.source import FILES, render
from spica.routing.declare import Routes
from spica.routing.stub import MODULE, MODULE_TEXT, STUB, render_stub
from spica.routing.table import RouteTable

EMPTY_FOLDERS = ("app/models", "db/migrations")  # git keeps no empty folder, so each gets a .keep file
_TEMPLATES = FILES / "app"


def plan_project(name: str) -> Plan:
    """Plan a project.

    Args:    name: of the folder, such as `blog` or `my-blog`; it becomes the title and the distribution's name.
    Returns: one file for every template under `files/app`.
    Raises:  BadName when the name has no letters to make a title of.
    """
    snake = check_identifier(name, "a project")
    title = inflection.title(snake)
    values = {
        "distribution": snake.replace("_", "-"),
        "title": title,
        "html_title": html.escape(title),
        "toml_title": json.dumps(title)[1:-1],
    }
    plan = Plan()
    for path in _list_templates():
        plan.create(_target(path), render(f"app/{path}", **values))
    plan.create(MODULE.as_posix(), MODULE_TEXT)
    plan.create(STUB.as_posix(), _render_first_stub())
    for folder in EMPTY_FOLDERS:
        plan.create(f"{folder}/.keep", "")
    return plan


def _render_first_stub() -> str:
    """The path helpers of the routes file that a new project has."""
    routes = Routes()
    routes.root("home#index")
    return render_stub(RouteTable(routes.routes).paths.all_helpers)


def _list_templates() -> list[str]:
    files = sorted(path.relative_to(_TEMPLATES).as_posix() for path in _TEMPLATES.rglob("*.tmpl"))
    # The files of the top folder first, then folder by folder: the order in which a person reads a project.
    return [path.removesuffix(".tmpl") for path in sorted(files, key=lambda path: ("/" in path, path))]


def _target(template: str) -> str:
    return ".gitignore" if template == "gitignore" else template
