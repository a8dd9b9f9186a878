from __future__ import annotations

from tests.unit.checks.conftest import Check, places

USED = (
    "from app.middleware.timing import Timing\n"
    "def draw(p):\n"
    "    p.use(Timing)\n"
    '    with p.pipeline("browser"):\n'
    "        pass\n"
)
TIMING = "from spica.middleware import Middleware\nclass Timing(Middleware):\n    def before(self, ctx): ...\n"


def test_a_pipeline_and_a_class_that_nothing_uses_are_told(check: Check) -> None:
    unused = USED.replace("    p.use(Timing)\n", "") + '    with p.pipeline("api"):\n        pass\n'
    found = check("unused-middleware", {"config/middleware.py": unused, "app/middleware/timing.py": TIMING})
    assert places(found) == ["app/middleware/timing.py:2", "config/middleware.py:5"]


def test_a_misspelt_browser_stops_the_boot(check: Check) -> None:
    misspelt = USED.replace("browser", "browsr")
    (found,) = check("boot", {"config/middleware.py": misspelt, "app/middleware/timing.py": TIMING})
    assert (found.code, found.severity) == ("SPICA-H103", "error")
    assert found.fix.startswith("with p.pipeline(\"browser\"): instead of 'browsr'")


def test_a_misspelt_browser_beside_the_right_one_is_told_as_that(check: Check) -> None:
    both = USED + '    with p.pipeline("browsr"):\n        pass\n'
    (found,) = check("unused-middleware", {"config/middleware.py": both, "app/middleware/timing.py": TIMING})
    assert found.fix == "did you mean 'browser'? Routes that name no pipe go through it"


def test_what_is_used_has_no_findings(check: Check) -> None:
    assert check("unused-middleware", {"config/middleware.py": USED, "app/middleware/timing.py": TIMING}) == []
