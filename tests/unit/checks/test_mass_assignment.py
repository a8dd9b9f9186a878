from __future__ import annotations

import pytest

from tests.unit.checks.conftest import Check

MODEL = {"app/models/post.py": "class Post(Model):\n    title: str\nclass Note(Post):\n    pass\n"}


@pytest.mark.parametrize(
    "code",
    [
        "Post(self.params)",
        "Note(self.params)",
        'Post(self.params.require("post"))',
        'Post(self.params["post"])',
        "await Post.create(ctx.params)",
        "Post(**self.params)",
        'await self.post.update(self.params.require("post"))',
    ],
)
def test_raw_parameters_that_reach_a_model_are_told(check: Check, code: str) -> None:
    (found,) = check("mass-assignment", {**MODEL, "app/save.py": f"async def save(self, ctx):\n    {code}\n"})
    assert (found.place, found.severity) == ("app/save.py:2", "error")


def test_they_are_followed_through_a_variable(check: Check) -> None:
    code = "async def save(self):\n    values = self.params\n    group = values.require('post')\n    Post(group)\n"
    (found,) = check("mass-assignment", {**MODEL, "app/save.py": code})
    assert found.line == 4


@pytest.mark.parametrize(
    "code",
    [
        'Post(self.params.require("post").permit("title"))',
        'Post(title=self.params["title"])',
        "values = {}; values.update(self.params)",
        "Form(self.params)",
        "Post(self.post_params())",
    ],
)
def test_named_parameters_and_other_classes_have_no_findings(check: Check, code: str) -> None:
    assert check("mass-assignment", {**MODEL, "app/save.py": f"async def save(self):\n    {code}\n"}) == []
