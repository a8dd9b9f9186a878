"""Declaring relations: the fields they make, the models they find, and what is refused."""

from __future__ import annotations

from typing import Any, Optional
from uuid import UUID

import pytest

from spica.orm import (
    Model,
    ModelDefinitionError,
    NotLoaded,
    NotPersisted,
    QueryError,
    UnknownRelation,
    belongs_to,
    field,
    has_many,
    has_one,
    many_to_many,
)
from spica.orm.relations.annotations import Target, parse_target


class Writer(Model):
    name: str
    stories: list[Story] = has_many(order="-id")
    profile: Profile | None = has_one()
    readers: list[Reader] = has_many(through="stories")


class Profile(Model):
    writer: Writer = belongs_to()


class Story(Model):
    title: str = field(max=100)
    author: Writer = belongs_to()
    editor: Writer | None = belongs_to(foreign_key="edited_by")
    readers: list[Reader] = many_to_many()
    remarks: list["Remark"] = has_many()  # noqa: UP037  # the quotes are what is tested
    views: int = 0


class Reader(Model):
    stories: list[Story] = many_to_many()


class Remark(Model):
    story: Story = belongs_to()
    parent: Remark | None = belongs_to()
    answers: list[Remark] = has_many(foreign_key="parent_id")


def test_a_belongs_to_is_a_key_in_its_place() -> None:
    fields = Story.__schema__.fields
    assert [one.name for one in fields] == ["id", "title", "author_id", "edited_by", "views"]
    key, other = fields[2:4]
    assert (key.kind, key.nullable, key.options.index) == (int, False, True)
    assert (other.kind, other.nullable) == (int, True)


def test_the_schema_lists_the_relations() -> None:
    relations = Story.__schema__.relations
    assert {name: one.kind for name, one in relations.items()} == {
        "author": "belongs_to",
        "editor": "belongs_to",
        "readers": "many_to_many",
        "remarks": "has_many",
    }
    assert Story.author is relations["author"]
    assert repr(Story.author) == "Story.author"
    assert dict(Reader.__schema__.relations).keys() == {"stories"}


def test_targets_and_keys_are_found_at_first_use() -> None:
    relations: Any = {
        f"{m.__name__}.{name}": r
        for m in (Writer, Profile, Story, Reader, Remark)
        for name, r in m.__schema__.relations.items()
    }
    assert relations["Story.author"].target is Writer
    assert relations["Story.remarks"].target is Remark
    assert relations["Story.remarks"].foreign_key == "story_id"
    assert relations["Writer.profile"].foreign_key == "writer_id"
    assert relations["Remark.answers"].foreign_key == relations["Remark.parent"].foreign_key == "parent_id"
    pairs = relations["Story.readers"]
    assert (pairs.join_table, pairs.foreign_key, pairs.target_key) == ("readers_stories", "story_id", "reader_id")
    assert relations["Writer.readers"].through == (relations["Writer.stories"], relations["Story.readers"])


def test_a_has_many_takes_the_only_way_back() -> None:
    class Team(Model):
        members: list[Member] = has_many()

    class Member(Model):
        squad: Team = belongs_to()

    assert Team.__schema__.relation("members").foreign_key == "squad_id"


def test_several_ways_back_are_refused() -> None:
    with pytest.raises(ModelDefinitionError, match=r"Story\.author, Story\.editor"):
        _ = Writer.__schema__.relation("stories").foreign_key


def test_no_way_back_is_refused() -> None:
    class Island(Model):
        stories: list[Story] = has_many()

    with pytest.raises(ModelDefinitionError, match=r"(?s)no field 'island_id'.*island: Island = belongs_to\(\)"):
        _ = Island.__schema__.relation("stories").foreign_key


def test_an_unknown_target_has_near_matches() -> None:
    class Letter(Model):
        writer: Wrtier = belongs_to()  # type: ignore[name-defined]  # noqa: F821  # the mistake

    with pytest.raises(ModelDefinitionError, match=r"(?s)no model Wrtier.*Letter\.writer.*did you mean Writer\?"):
        _ = Letter.__schema__.relation("writer").target


def test_the_key_has_the_type_of_what_it_holds() -> None:
    class Box(Model):
        id: UUID

    class Thing(Model):
        box: Box = belongs_to()
        lid: Lid = belongs_to()
        cap: Lid = belongs_to()
        cap_id: UUID

    class Lid(Model):
        id: UUID

    assert Thing.__schema__.relation("cap").foreign_key == "cap_id"
    with pytest.raises(ModelDefinitionError, match=r"(?s)lid_id is int.*declare in the class body: lid_id: UUID"):
        _ = Thing.__schema__.relation("lid").foreign_key


def test_an_abstract_base_gives_each_model_its_own_relation() -> None:
    class Owned(Model, abstract=True):
        owner: Writer = belongs_to()

    class House(Owned):
        rooms: int = 1

    class Boat(Owned):
        sails: int = 1

    assert [one.name for one in House.__schema__.fields] == ["id", "owner_id", "rooms"]
    assert House.__schema__.relation("owner").owner is House
    assert Boat.__schema__.relation("owner").owner is Boat


@pytest.mark.parametrize(
    ("annotation", "target"),
    [
        ("User", Target("User")),
        ("models.User", Target("User")),
        ("'User'", Target("User")),
        ("User | None", Target("User", nullable=True)),
        ("None | User", Target("User", nullable=True)),
        ("Optional[User]", Target("User", nullable=True)),
        ("list['User']", Target("User", many=True)),
        (Writer, Target(Writer)),
        (Optional[Writer], Target(Writer, nullable=True)),  # noqa: UP045  # the form is what is tested
        (list[Writer], Target(Writer, many=True)),
        (list["Writer"], Target("Writer", many=True)),
    ],
)
def test_annotations(annotation: Any, target: Target) -> None:
    assert parse_target(annotation) == target


@pytest.mark.parametrize("annotation", ["dict[str, User]", "User | Post", "1", "a b", dict[str, int], None])
def test_annotations_that_name_no_model(annotation: Any) -> None:
    with pytest.raises(TypeError):
        parse_target(annotation)


def test_one_and_many_are_told_apart() -> None:
    with pytest.raises(ModelDefinitionError, match=r"stories: list\[Story\] = has_many"):

        class Shelf(Model):
            stories: Story = has_many()

    with pytest.raises(ModelDefinitionError, match=r"author: Writer = belongs_to"):

        class Poem(Model):
            author: list[Writer] = belongs_to()

    with pytest.raises(ModelDefinitionError, match="names no model"):

        class Verse(Model):
            poem = belongs_to()


def test_what_is_not_loaded_says_how_to_load_it() -> None:
    story = Story(title="A")
    assert story.author is None
    assert story.remarks == []
    story.author_id = 7
    with pytest.raises(NotLoaded, match=r'(?s)Story\.includes\("author"\).*await story\.load\("author"\)'):
        _ = story.author


def test_assigning_a_record_assigns_its_key() -> None:
    ann, bob = Writer(id=1, name="Ann"), Writer(id=2, name="Bob")
    story = Story(title="A", author=ann)
    assert (story.author_id, story.author) == (1, ann)
    story.author = bob
    assert (story.author_id, story.author) == (2, bob)
    story.assign(author=ann, title="B")
    assert (story.author_id, story.title) == (1, "B")
    story.editor = None
    assert story.edited_by is None


def test_another_key_is_another_record() -> None:
    story = Story(author=Writer(id=1, name="Ann"))
    story.author_id = 2
    with pytest.raises(NotLoaded):
        _ = story.author


def test_only_saved_records_of_the_target_are_assigned() -> None:
    with pytest.raises(NotPersisted, match=r"Story\.author can't be this Writer"):
        Story(author=Writer(name="new"))
    with pytest.raises(QueryError, match=r"Story\.author is a Writer, got 7.*"):
        Story(author=7)
    with pytest.raises(QueryError, match=r"Story\.remarks can't be assigned"):
        Story(title="A").remarks = []


def test_an_unknown_relation_has_near_matches() -> None:
    with pytest.raises(UnknownRelation, match="did you mean 'author'"):
        Story.__schema__.relation("autor")
