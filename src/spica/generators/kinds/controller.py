"""A controller with named actions: the class, a view and a route for each, and a test."""

from __future__ import annotations

from collections.abc import Sequence

from spica import inflection
from spica.generators.names import check_identifier
from spica.generators.plan import Plan
from spica.generators.project import Project
from spica.generators.routes_file import insert_calls
from spica.generators.source import render


def plan_controller(project: Project, name: str, actions: Sequence[str]) -> Plan:
    """Plan a controller.

    Args:    project: where; name: `Pages`, `pages` or `PagesController`, kept singular or plural as typed;
             actions: the pages it shows, each reached by GET.
    Returns: controller, views, routes and test.
    Raises:  BadName for a name or action that is no identifier; RoutesNotRecognised.
    """
    snake = check_identifier(name, "a controller").removesuffix("_controller")
    actions = list(dict.fromkeys(check_identifier(action, "an action") for action in actions)) or ["index"]
    plan = Plan()
    methods = "\n\n".join(f'async def {action}(self):\n    return self.render("{action}")' for action in actions)
    plan.create(
        f"app/controllers/{snake}_controller.py",
        render("controller/controller.py", controller=f"{inflection.camel(snake)}Controller", methods=methods),
    )
    for action in actions:
        plan.create(f"app/views/{snake}/{action}.html", _view(snake, action))
    plan.actions.append(
        insert_calls(project.root, [("get", _path(snake, action), f"{snake}#{action}") for action in actions])
    )
    tests = [_test(snake, action) for action in actions]
    plan.create(f"tests/controllers/test_{snake}.py", "\n\n\n".join(tests) + "\n")
    return plan


def _path(snake: str, action: str) -> str:
    return f"/{snake}" if action == "index" else f"/{snake}/{action}"


def _heading(snake: str, action: str) -> str:
    return inflection.title(snake) if action == "index" else inflection.title(action)


def _view(snake: str, action: str) -> str:
    return render("controller/view.html", heading=_heading(snake, action), path=f"app/views/{snake}/{action}.html")


def _test(snake: str, action: str) -> str:
    return render(
        "controller/test.py", action=action, snake=snake, path=_path(snake, action), heading=_heading(snake, action)
    ).rstrip("\n")
