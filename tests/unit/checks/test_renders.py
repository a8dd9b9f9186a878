from __future__ import annotations

from tests.unit.checks.conftest import Check


def controller(*lines: str) -> dict[str, str]:
    body = "".join(f"        {line}\n" for line in lines)
    return {
        "app/controllers/home_controller.py": "from spica import Controller\nclass HomeController(Controller):\n"
        f"    async def index(self):\n{body}"
    }


def test_a_template_that_is_not_there_is_told_with_a_near_one(check: Check) -> None:
    (found,) = check("renders", controller('return self.render("indx", name=1)'))
    assert found.place == "app/controllers/home_controller.py:4"
    assert "home/index" in found.fix


def test_a_name_that_the_template_uses_and_is_not_given_is_told(check: Check) -> None:
    (found,) = check("renders", controller('return self.render("index", nam=1, status=201)'))
    assert "name" in found.what


def test_a_misspelt_helper_is_told_with_a_near_one(check: Check) -> None:
    (found,) = check(
        "renders", {"app/views/home/index.html": "{{ lnk_to('a', '/') }}"} | controller('self.render("index")')
    )
    assert found.what.startswith("render('index') does not give lnk_to")
    assert "did you mean 'link_to'?" in found.fix


def test_what_the_controller_assigns_and_what_can_not_be_known_is_left_alone(check: Check) -> None:
    assert check("renders", controller("self.name = 1", 'return self.render("index")')) == []
    assert check("renders", controller("values = {}", 'return self.render("index", **values)')) == []
    assert check("renders", controller('return self.render("home/" + self.page)')) == []
