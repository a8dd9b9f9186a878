"""Changesets of a record and those of its relations, saved together, on every database."""

from __future__ import annotations

from typing import Any

import pytest

from spica.db.engine import Database
from spica.http.params import Params
from spica.orm import (
    Changeset,
    InvalidChangeset,
    Model,
    NotLoaded,
    QueryError,
    UnknownRelation,
    before_destroy,
    belongs_to,
    field,
    has_many,
    has_one,
    many_to_many,
    repo,
    validates,
)
from tests.adapters.data.databases import WORDS


class Recipe(Model):
    title: str = field(max=20)
    steps_count: int = 0
    steps: list[Step] = has_many(order="position", dependent="destroy")
    picture: Picture | None = has_one(dependent="destroy")
    kitchens: list[Kitchen] = many_to_many()


class Step(Model):
    text: str = field(max=20)
    position: int = 0
    recipe: Recipe = belongs_to(counter_cache=True)
    tools: list[Tool] = has_many(order="id")

    validates("text", presence=True)

    @before_destroy
    def stays(self) -> None:
        if self.text == "wash hands":
            self.errors.add("base", "is the law")


class Tool(Model):
    name: str = field(max=10)
    step: Step = belongs_to()


class Picture(Model):
    name: str = field(max=10)
    recipe: Recipe = belongs_to()


class Kitchen(Model):
    name: str


TABLES = (
    "create table recipes (id {id}, title varchar(50) not null unique, steps_count bigint not null)",
    "create table steps (id {id}, text varchar(50) not null, position bigint not null,"
    " recipe_id bigint not null references recipes (id), unique (recipe_id, position))",
    "create table tools (id {id}, name varchar(50) not null, step_id bigint not null)",
    "create table pictures (id {id}, name varchar(50) not null, recipe_id bigint not null unique)",
)


@pytest.fixture(autouse=True)
async def tables(database: Database) -> None:
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))


def step(changeset: Changeset[Any]) -> Changeset[Any]:
    return (
        changeset.cast("text", "position")
        .validate_required("text")
        .unique_constraint("position", message="is used twice")
        .cast_assoc("tools", lambda tool: tool.cast("name"), skip_blank=True)
    )


def form(recipe: Recipe | None, params: Any) -> Changeset[Recipe]:
    return (
        Recipe.changeset(recipe, params)
        .cast("title")
        .validate_required("title")
        .cast_assoc("steps", step, destroy=True, most=5)
        .cast_assoc("picture", lambda picture: picture.cast("name"), destroy=True)
    )


SOUP: dict[str, Any] = {
    "title": "Soup",
    "steps": [
        {"text": "cut", "position": "1", "tools": [{"name": "knife"}, {"name": ""}]},
        {"text": "cook", "position": "2"},
    ],
    "picture": {"name": "soup.png"},
}


@pytest.fixture
async def soup(tables: None) -> Recipe:
    recipe = await repo.insert(form(None, SOUP))
    return await (await Recipe.find(recipe.id)).load("steps.tools", "picture")


async def texts() -> list[str]:
    return await Step.order("position").pluck("text")


async def test_a_record_is_made_with_those_it_owns() -> None:
    recipe = await repo.insert(form(None, SOUP))
    assert [one.text for one in recipe.steps] == ["cut", "cook"]
    assert [tool.name for tool in recipe.steps[0].tools] == ["knife"]
    assert recipe.picture is not None
    assert recipe.picture.recipe_id == recipe.id
    assert await texts() == ["cut", "cook"]
    assert (await Recipe.sole()).steps_count == 2


async def test_groups_of_a_form() -> None:
    params = Params(
        {
            "title": "Soup",
            "steps": {"0": {"text": "cut"}, "10": {"text": "eat", "position": "3"}},
            "picture": {"name": "a"},
        }
    )
    await repo.insert(form(None, params))
    assert await texts() == ["cut", "eat"]


async def test_changed_made_and_destroyed_at_once(soup: Recipe) -> None:
    cut, cook = soup.steps
    sent = [
        {"id": str(cut.id), "_destroy": "1"},
        {"id": str(cook.id), "text": "simmer"},
        {"text": "serve", "position": "3"},
        {"text": "never", "_destroy": "1"},
    ]
    await repo.update(form(soup, {"steps": sent, "picture": {"name": "new.png"}}))
    assert await texts() == ["simmer", "serve"]
    assert [one.text for one in soup.steps] == ["simmer", "serve"]
    assert await Picture.pluck("name") == ["new.png"]
    assert (await Recipe.sole()).steps_count == 2
    await repo.update(form(soup, {"picture": {"_destroy": "true"}}))
    assert soup.picture is None
    assert await Picture.count() == 0
    assert await texts() == ["simmer", "serve"]


async def test_what_is_not_allowed_to_go_stays(soup: Recipe) -> None:
    cut = soup.steps[0]
    changeset = soup.changeset({"steps": [{"id": cut.id, "_destroy": "1", "text": "chop"}]})
    await repo.update(changeset.cast_assoc("steps", lambda step: step.cast("text")))
    assert await texts() == ["chop", "cook"]


async def test_messages_have_paths(soup: Recipe) -> None:
    sent = [{"text": ""}, {"text": "ok", "position": "many", "tools": [{"name": "hammer"}, {"name": "x" * 20}]}]
    changeset = form(soup, {"title": "", "steps": sent, "picture": "soup.png"})
    assert not changeset.valid
    assert changeset.errors.to_dict() == {
        "title": ["can't be blank"],
        "steps[0].text": ["can't be blank"],
        "steps[1].position": ["is not a number"],
        "picture": ["is invalid"],
    }
    assert "Steps[0] text can't be blank" in changeset.errors.full_messages
    with pytest.raises(InvalidChangeset):
        await repo.update(changeset)
    assert await texts() == ["cut", "cook"]


async def test_what_is_refused_while_saving_undoes_all_and_has_a_path(soup: Recipe) -> None:
    cut, cook = soup.steps
    sent = [
        {"id": cut.id, "text": "chop"},
        {"text": "fry", "position": "2"},
        {"text": "serve", "position": "3", "tools": [{"name": "spoon"}, {"name": "a very long spoon"}]},
    ]
    changeset = form(soup, {"title": "Stew", "steps": sent})
    assert changeset.valid
    with pytest.raises(InvalidChangeset) as told:
        await repo.update(changeset)
    assert told.value.changeset.errors.to_dict() == {
        "steps[1].position": ["is used twice"],
        "steps[2].tools[1].name": ["is too long (maximum is 10 characters)"],
    }
    assert told.value.status == 422
    assert (soup.title, soup.changed, cut.text, cut.changed, cook.changed) == ("Soup", [], "cut", [], [])
    assert await texts() == ["cut", "cook"]
    assert (await Recipe.sole()).title == "Soup"
    with pytest.raises(NotLoaded):
        _ = soup.steps


async def test_nobody_elses_records_can_be_named(soup: Recipe) -> None:
    other = await repo.insert(form(None, {"title": "Tea", "steps": [{"text": "boil", "position": 9}]}))
    theirs = other.steps[0].id
    for named in (theirs, "x", 10**30, "-1"):
        changeset = form(soup, {"steps": [{"id": named, "text": "mine now"}]})
        assert changeset.errors.to_dict() == {"steps[0].id": ["must exist"]}
    assert not form(None, {"title": "New", "steps": [{"id": theirs, "text": "mine now"}]}).valid
    assert (await Step.find(theirs)).text == "boil"


async def test_a_key_is_never_taken_from_outside(soup: Recipe) -> None:
    other = await Recipe.create(title="Tea")
    await repo.update(form(soup, {"steps": [{"text": "serve", "position": "7", "recipe_id": other.id}]}))
    assert (await Step.where(position=7).sole()).recipe_id == soup.id


async def test_a_destroy_that_is_refused_is_a_message(soup: Recipe) -> None:
    law = await soup.related("steps").create(text="wash hands", position=0)
    await soup.load("steps")
    changeset = form(soup, {"title": "Clean soup", "steps": [{"id": law.id, "_destroy": "1"}]})
    with pytest.raises(InvalidChangeset) as told:
        await repo.update(changeset)
    assert told.value.changeset.errors.to_dict() == {"steps[0]": ["is the law"]}
    assert soup.title == "Soup"


@pytest.mark.parametrize("sent", ["text", 7, [1, 2], {"a": {"text": "x"}}, None, [[{"text": "x"}]]])
async def test_what_is_no_list_of_groups(sent: Any) -> None:
    assert form(None, {"title": "Soup", "steps": sent}).errors.to_dict() == {"steps": ["is invalid"]}


async def test_too_many_and_none() -> None:
    changeset = form(None, {"title": "Soup", "steps": [{"text": "x"}] * 6})
    assert changeset.errors.to_dict() == {"steps": ["has too many (maximum is 5)"]}
    assert form(None, {"title": "Soup", "steps": []}).valid
    assert form(None, {"title": "Soup", "steps": {}}).valid


async def test_mistakes_of_the_program(soup: Recipe) -> None:
    fresh = await Recipe.find(soup.id)
    with pytest.raises(NotLoaded, match=r'await recipe\.load\("steps"\)'):
        form(fresh, {"steps": [{"text": "x"}]})
    with pytest.raises(QueryError, match=r"Recipe\.kitchens can't be cast with its owner"):
        Recipe.changeset({"kitchens": []}).cast_assoc("kitchens", lambda one: one)
    with pytest.raises(UnknownRelation, match="did you mean 'steps'"):
        Recipe.changeset({}).cast_assoc("stesp", lambda one: one)
