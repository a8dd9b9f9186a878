"""`spica generate`: add code to a project."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from spica.cli.project import find_project
from spica.cli.report import apply_and_report
from spica.generators.fields import parse_fields
from spica.generators.kinds.channel import plan_channel
from spica.generators.kinds.controller import plan_controller
from spica.generators.kinds.middleware import plan_middleware
from spica.generators.kinds.migration import plan_migration
from spica.generators.kinds.model import plan_model
from spica.generators.kinds.scaffold import plan_scaffold
from spica.generators.names import ResourceNames
from spica.generators.plan import Plan
from spica.generators.project import Project
from spica.generators.routes_file import ROUTES

Force = Annotated[bool, Parameter(help="Overwrite files that differ, and show how.")]
DryRun = Annotated[bool, Parameter(help="Show what would happen and write nothing.")]
Fields = Annotated[
    str,
    Parameter(
        name="FIELD",
        help="name:type[:modifier]. Types: string text integer bigint float decimal boolean date datetime json uuid "
        "references. Modifiers: unique, index, null, default=VALUE.",
    ),
]
Name = Annotated[str, Parameter(name="NAME")]
Actions = Annotated[str, Parameter(name="ACTION", help="A page it shows, reached by GET; index when none is given.")]
Events = Annotated[str, Parameter(name="EVENT", help="What a page may push to it; new_msg when none is given.")]

app = App(
    name=("generate", "g"),
    help="""Add code to a project. A second run changes nothing; what differs is overwritten only with --force.

For example:

    spica g scaffold Post title:string body:text published:boolean

    spica g migration AddSlugToPosts slug:string:unique

    spica g channel Chat new_msg typing
""",
    help_format="plaintext",
)


@app.command
def scaffold(name: Name, /, *fields: Fields, force: Force = False, dry_run: DryRun = False) -> int:
    """Generate a model with pages to list, show, create, edit and delete it.

    For example:

        spica g scaffold Post title:string body:text published:boolean

        spica g scaffold Comment post:references body:text
    """
    project = Project.at(find_project())
    plan = plan_scaffold(project, ResourceNames.parse(name), parse_fields(fields))
    return apply(project, plan, force, dry_run)


@app.command
def model(name: Name, /, *fields: Fields, force: Force = False, dry_run: DryRun = False) -> int:
    """Generate a model, the migration of its table, a factory and tests.

    For example:

        spica g model User name:string email:string:unique
    """
    project = Project.at(find_project())
    return apply(project, plan_model(project, ResourceNames.parse(name), parse_fields(fields)), force, dry_run)


@app.command
def controller(
    name: Name,
    /,
    *actions: Actions,
    force: Force = False,
    dry_run: DryRun = False,
) -> int:
    """Generate a controller with a view, a route and a test for each action.

    For example:

        spica g controller Pages about contact
    """
    project = Project.at(find_project())
    return apply(project, plan_controller(project, name, actions), force, dry_run)


@app.command
def channel(name: Name, /, *events: Events, force: Force = False, dry_run: DryRun = False) -> int:
    """Generate a channel with an event for each name, and tests; the first time also the socket and its route.

    For example:

        spica g channel Chat new_msg typing
    """
    project = Project.at(find_project())
    return apply(project, plan_channel(project, name, events), force, dry_run)


@app.command
def middleware(name: Name, /, *, force: Force = False, dry_run: DryRun = False) -> int:
    """Generate middleware of your own with its two hooks, and a test; config/middleware.py says where it is used.

    For example:

        spica g middleware RequireAuth
    """
    return apply(Project.at(find_project()), plan_middleware(name), force, dry_run)


@app.command
def migration(name: Name, /, *fields: Fields, force: Force = False, dry_run: DryRun = False) -> int:
    """Generate a migration; its name says what it does.

    For example:

        spica g migration AddSlugToPosts slug:string:unique

        spica g migration RemoveSlugFromPosts slug:string

        spica g migration CreateTags name:string:unique
    """
    project = Project.at(find_project())
    return apply(project, plan_migration(project, name, parse_fields(fields)), force, dry_run)


def apply(project: Project, plan: Plan, force: bool, dry_run: bool) -> int:
    """Carry out a plan, and refresh what is made from the routes when those change. Returns the exit code."""

    def refresh() -> None:
        if any(action.path.as_posix() == ROUTES for action in plan.actions):
            # Lazy: only what changes the routes loads the application.
            from spica.cli.path_stub import refresh_stub

            refresh_stub(project.root)

    return apply_and_report(plan, project.root, force=force, dry_run=dry_run, then=refresh)
