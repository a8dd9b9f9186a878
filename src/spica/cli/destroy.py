"""`spica destroy`: remove what a generator made."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from spica.cli.errors import UsageError
from spica.cli.generate import Actions, DryRun, Events, Fields, Name, apply
from spica.cli.project import find_project
from spica.generators.fields import parse_fields
from spica.generators.kinds.channel import find_events, plan_channel
from spica.generators.kinds.controller import plan_controller
from spica.generators.kinds.middleware import plan_middleware
from spica.generators.kinds.migration import plan_migration
from spica.generators.kinds.model import plan_model
from spica.generators.kinds.scaffold import plan_scaffold
from spica.generators.names import ResourceNames
from spica.generators.plan import Plan, Remove
from spica.generators.project import Project

Force = Annotated[bool, Parameter(help="Remove files that were changed, too.")]

app = App(
    name="destroy",
    help="""Remove what a generator made: type what was typed to make it. A file that was changed since refuses the
whole command, unless --force is given. Tables of migrations that have run stay as they are.

For example:

    spica destroy channel Chat

    spica destroy scaffold Post title:string body:text published:boolean
""",
    help_format="plaintext",
)


@app.command
def scaffold(name: Name, /, *fields: Fields, force: Force = False, dry_run: DryRun = False) -> int:
    """Remove a scaffold: model, migration, controller, views, route, tests.

    For example:

        spica destroy scaffold Post title:string body:text published:boolean
    """
    if not fields:
        raise UsageError(
            f"spica destroy scaffold {name} needs the fields that it was made with; with --force, any field"
        )
    project = Project.at(find_project())
    return _remove(project, plan_scaffold(project, ResourceNames.parse(name), parse_fields(fields)), force, dry_run)


@app.command
def model(name: Name, /, *fields: Fields, force: Force = False, dry_run: DryRun = False) -> int:
    """Remove a model, its migration, factory and tests.

    For example:

        spica destroy model User name:string email:string:unique
    """
    project = Project.at(find_project())
    return _remove(project, plan_model(project, ResourceNames.parse(name), parse_fields(fields)), force, dry_run)


@app.command
def controller(name: Name, /, *actions: Actions, force: Force = False, dry_run: DryRun = False) -> int:
    """Remove a controller with the views, routes and tests of its actions.

    For example:

        spica destroy controller Pages about contact
    """
    project = Project.at(find_project())
    return _remove(project, plan_controller(project, name, actions), force, dry_run)


@app.command
def channel(name: Name, /, *events: Events, force: Force = False, dry_run: DryRun = False) -> int:
    """Remove a channel and its tests, and with the last one the socket and its route. Its events need not be named.

    For example:

        spica destroy channel Chat
    """
    project = Project.at(find_project())
    return _remove(project, plan_channel(project, name, events or find_events(project, name)), force, dry_run)


@app.command
def middleware(name: Name, /, *, force: Force = False, dry_run: DryRun = False) -> int:
    """Remove middleware and its test; what config/middleware.py says of it stays.

    For example:

        spica destroy middleware RequireAuth
    """
    return _remove(Project.at(find_project()), plan_middleware(name), force, dry_run)


@app.command
def migration(name: Name, /, *fields: Fields, force: Force = False, dry_run: DryRun = False) -> int:
    """Remove a migration; roll it back first where it has run.

    For example:

        spica destroy migration AddSlugToPosts slug:string:unique
    """
    project = Project.at(find_project())
    return _remove(project, plan_migration(project, name, parse_fields(fields)), force, dry_run)


def _remove(project: Project, plan: Plan, force: bool, dry_run: bool) -> int:
    undone = plan.undone()
    removed = [action for action in undone.actions if isinstance(action, Remove)]
    if not any(project.has(str(action.path)) for action in removed):
        raise UsageError(f"there is nothing to remove: no {removed[0].path}, nor anything else that would be made")
    return apply(project, undone, force, dry_run)
