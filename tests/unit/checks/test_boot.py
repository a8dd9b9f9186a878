from __future__ import annotations

from tests.unit.checks.conftest import Check

ROUTES = "def draw(r):\n    r.root('home#index')\n    r.get('/a', 'home#nothing')\n    r.get('/b', 'nobody#show')\n"


def test_every_mistake_of_the_routes_is_told_with_its_line_and_code(check: Check) -> None:
    found = check("boot", {"config/routes.py": ROUTES})
    assert [(one.file, one.line) for one in found] == [("config/routes.py", 3), ("config/routes.py", 4)]
    assert all(one.code.startswith("SPICA-") and not one.code.startswith("SPICA-K") and one.fix for one in found)


def test_what_an_import_raises_is_told_at_its_line(check: Check) -> None:
    (found,) = check("boot", {"main.py": "x = 1\nimport no_such_module\n"})
    assert (found.place, found.code) == ("main.py:2", "SPICA-K002")
    assert "no_such_module" in found.what


def test_a_misspelt_name_is_told_with_the_near_one(check: Check) -> None:
    file = "from spica import middleware as m\ndef draw(p):\n    p.use(m.Sesion)\n"
    (found,) = check("boot", {"config/middleware.py": file})
    assert (found.place, found.code) == ("config/middleware.py:3", "SPICA-K002")
    assert found.fix.startswith("did you mean Session")


def test_a_file_that_is_not_python_is_told_at_its_line(check: Check) -> None:
    (found,) = check("boot", {"main.py": "x = 1\ndef :\n"})
    assert found.place == "main.py:2"


def test_a_broker_that_there_is_not_is_told_at_its_line(check: Check) -> None:
    (found,) = check("boot", {"config/pubsub.toml": '[pubsub]\nname = "shop"\nurl = "rdis://localhost"\n'})
    assert (found.place, found.code) == ("config/pubsub.toml:3", "SPICA-P003")
    assert found.fix == 'url = "redis://localhost:6379"'


def test_an_application_that_starts_has_no_findings(check: Check) -> None:
    assert check("boot") == []


def test_a_path_helper_that_can_not_work_is_told_in_python_and_in_templates(check: Check) -> None:
    controller = (
        "from spica import Controller, paths\n\n\nclass HomeController(Controller):\n"
        "    def index(self):\n        return self.redirect_to(paths.rooot())\n"
    )
    page = '<h1>Home</h1>\n<a href="{{ paths.nobody() }}">Nobody</a>\n'
    files = {"app/controllers/home_controller.py": controller, "app/views/home/index.html": page}
    found = {(one.file, one.line): one for one in check("boot", files)}
    assert set(found) == {("app/controllers/home_controller.py", 6), ("app/views/home/index.html", 2)}
    assert "root" in found["app/controllers/home_controller.py", 6].fix
