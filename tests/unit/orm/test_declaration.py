"""What a model's class may say, and what it is told when it can't work."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import pytest

from spica.orm import (
    ForbiddenAttributes,
    Mapped,
    Model,
    ModelDefinitionError,
    Text,
    Timestamps,
    UnknownField,
    before_save,
    belongs_to,
    field,
    scope,
    validates,
)
from spica.orm.expressions import Column
from spica.orm.fields import Field
from spica.validation import RuleOptionError
from tests.unit.orm.conftest import Author, Post, Status


class Shape(msgspec.Struct):
    name: str


def fields_of(model: Any) -> dict[str, Field]:
    return dict(model.__schema__.by_name)


def test_the_table_is_the_plural_in_snake_case() -> None:
    class BlogCategory(Model):
        name: str

    class Person(Model, table="folk"):
        name: str

    assert BlogCategory.__schema__.table == "blog_categories"
    assert Person.__schema__.table == "folk"


def test_fields_are_the_annotations_in_order_with_id_first_and_mixins_last() -> None:
    assert list(fields_of(Author)) == ["id", "name", "age"]
    assert list(fields_of(Post))[:3] == ["id", "title", "body"]
    assert list(fields_of(Post))[-2:] == ["created_at", "updated_at"]


def test_annotations_say_the_type_and_whether_none_is_allowed() -> None:
    fields = fields_of(Post)
    assert (fields["title"].kind, fields["title"].nullable, fields["title"].text) == (str, False, False)
    assert (fields["body"].kind, fields["body"].text) == (str, True)
    assert (fields["rating"].kind, fields["rating"].nullable) == (float, True)
    assert fields["tags"].storage is list
    assert fields["status"].storage is str


def test_abstract_bases_and_plain_mixins_share_fields_rules_and_scopes() -> None:
    class Sluggish:
        slug: str = "none"

        def shout(self) -> str:
            return self.slug.upper()

    class Base(Model, abstract=True):
        position: int = 7
        first_places = scope(lambda q: q.where(position=1))
        validates("position", number={"ge": 0})

    class Page(Base, Sluggish):
        title: Text

    assert list(fields_of(Page)) == ["id", "position", "title", "slug"]
    page = Page(title="x")
    assert (page.position, page.slug, page.shout()) == (7, "none", "NONE")
    assert [rule.name for rule in Page.__schema__.rules] == ["position"]
    assert "position" in repr(Page.first_places)


def test_class_variables_and_methods_are_no_fields() -> None:
    class Page(Model):
        per_page: ClassVar[int] = 5
        title: str

        def shout(self) -> str:
            return self.title.upper()

    assert list(fields_of(Page)) == ["id", "title"]
    assert Page.per_page == 5
    assert Page(title="x").shout() == "X"


def test_a_field_is_a_column_on_the_class_and_a_value_on_the_record() -> None:
    assert isinstance(Post.title, Column)
    assert repr(Post.title) == "Post.title"
    assert Post(title="abc").title == "abc"
    with pytest.raises(AttributeError, match="set on a record"):
        Post.title = "x"  # type: ignore[misc]


def test_two_models_with_one_field_name_keep_apart() -> None:
    class One(Model):
        name: str

    class Two(Model):
        title: str

    assert repr(One.name) == "One.name"
    assert not hasattr(Two, "name")
    assert not hasattr(One, "title")


def test_records_are_small_and_hold_nothing_but_their_fields() -> None:
    author = Author(name="Ann")
    assert not hasattr(author, "__dict__")
    assert sys.getsizeof(author) <= 80
    with pytest.raises(AttributeError):
        author.nmae = "x"  # type: ignore[attr-defined]


def test_json_is_the_fields_alone() -> None:
    post = Post(title="abc", tags=["a"], status="live")
    encoded = msgspec.json.decode(msgspec.json.encode(post))
    assert encoded["title"] == "abc"
    assert encoded["status"] == "live"
    assert list(encoded) == list(fields_of(Post))


def test_a_record_survives_pickling() -> None:
    post = Post(title="abc", status=Status.LIVE)
    copy = pickle.loads(pickle.dumps(post))
    assert (copy.title, copy.status, copy.new_record) == ("abc", Status.LIVE, True)


def make(annotations: dict[str, Any], bases: tuple[type, ...] = (Model,), **members: Any) -> Callable[[], object]:
    """Prepare a class statement."""
    return lambda: type(Model)("Thing", bases, {"__annotations__": annotations, "__module__": __name__, **members})


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (make({"price": complex}), "Thing.price can't be a column"),
        (make({"price": int | str}), "a column has one type"),
        (make({"price": "Missing"}), "names something unknown"),
        (make({"save": str}), "Model.save has it"),
        (make({"where": str}), "Model.where has it"),
        (make({"errors": str}), "Model.errors has it"),
        (make({"_hidden": str}), "private"),
        (make({"tags": list[str]}, tags=[]), "default_factory=list"),
        (make({"age": int}, age="old"), "its default 'old' is not a number"),
        (make({"age": int}, age=field(default=1, default_factory=int)), "not both"),
        (make({"age": int}, age=field(max=3)), "max is the length"),
        (make({"age": int}, age=field(stamp="save")), "only a datetime"),
        (make({}, age=field(max=3)), "Thing.age has no type"),
        (make({"shape": Author}), "Author is a model; to refer to one of its records write ...: Author = belongs_to()"),
        (make({"shape": Shape}, shape=Shape("x")), "default_factory=Shape"),
        (make({"shapes": list[complex]}), "can't be read from JSON"),
        (make({"name": str}, name=field(max=0)), "from 1 on; got 0"),
        (make({"price": float}, price=field(scale=2)), "digits of a Decimal"),
        (make({"price": Decimal}, price=field(precision=2, scale=3)), "3 can't be after the point"),
        (make({"price": Decimal}, price=field(precision=4, scale=2, default="1.234")), "at most 2 digits after"),
        (make({"full": str}, full=field(generated="")), "generated is SQL"),
        (make({"full": str}, full=field(generated="a", default="b")), "no other default"),
        (make({"full": str}, full=field(generated="a", db_default="b")), "no other default"),
        (make({"full": str}, full=field(generated="a", readonly=True)), "leave readonly out"),
        (make({"code": str}, code=field(primary_key=True, db_default="a")), "could not be found again"),
        (make({"a": str, "b": str}, b=field(column="a")), "Thing.a and Thing.b can't both be the column 'a'"),
        (make({"name": str}, bases=(Author,)), "can't inherit from Author"),
        (make({}, where=scope(lambda q: q)), "would hide"),
        (lambda: scope("published"), "needs a function"),  # type: ignore[arg-type]
    ],
)
def test_a_class_that_can_not_work_is_refused_when_it_is_made(declare: Callable[[], object], says: str) -> None:
    with pytest.raises(ModelDefinitionError) as caught:
        declare()
    assert says in str(caught.value)


def test_a_rule_for_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownField, match="titel"):

        class Thing(Model):
            title: str
            validates("titel", presence=True)


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RuleOptionError):

        class Thing(Model):
            title: str
            validates("title", presense=True)


def test_an_abstract_base_has_no_records() -> None:
    class Base(Model, abstract=True):
        position: int = 1

    with pytest.raises(ModelDefinitionError, match="abstract"):
        Base()
    with pytest.raises(ModelDefinitionError, match="abstract"):
        Model()


def test_timestamps_are_a_mixin_of_two_fields() -> None:
    class Thing(Model, Timestamps):
        name: str

    assert Thing(name="x").created_at is None
    assert [stamped.name for stamped in Thing.__schema__.stamped] == ["created_at", "updated_at"]


def test_an_option_that_does_not_exist_is_refused_with_the_near_one_and_its_place() -> None:
    with pytest.raises(ModelDefinitionError) as caught:
        field(unqiue=True)  # type: ignore[call-overload]
    assert "no option 'unqiue'" in str(caught.value)
    assert "did you mean 'unique'?" in str(caught.value)
    assert __file__ in str(caught.value)


def test_a_mistake_names_the_file_and_the_line_of_the_class() -> None:
    with pytest.raises(ModelDefinitionError) as caught:

        class Wrong(Model):
            price: complex

    assert f"{__file__}:" in str(caught.value)


def test_mapped_is_the_same_field() -> None:
    class Thing(Model):
        name: Mapped[str] = field(max=3)
        size: Mapped[int | None] = None

    fields = fields_of(Thing)
    assert (fields["name"].kind, fields["name"].options.max) == (str, 3)
    assert (fields["size"].kind, fields["size"].nullable) == (int, True)
    assert Thing.name.ilike("a%") is not None


def test_abstract_bases_share_relations_and_callbacks() -> None:
    seen: list[str] = []

    class Owned(Model, abstract=True):
        author: Author = belongs_to()

        @before_save
        def note(self) -> None:
            seen.append(type(self).__name__)

    class Essay(Owned):
        title: str

    class Poem(Owned):
        lines: int = 0

    assert list(fields_of(Essay)) == ["id", "author_id", "title"]
    assert Essay.__schema__.relations["author"].target is Author
    assert Poem.__schema__.relations["author"].owner is Poem
    assert [callback.name for callback in Poem.__schema__.callbacks["before_save"]] == ["note"]


def test_what_is_not_for_forms_can_only_be_set_by_name() -> None:
    class Account(Model):
        name: str
        role: str = field(default="guest", init=False)
        label: str = field(generated="upper(name)")

    account = Account(name="Ann")
    assert account.role == "guest"
    for given in ({"role": "admin"}, {"label": "x"}):
        with pytest.raises(ForbiddenAttributes, match="can't be given by name"):
            Account(name="Bob", **given)
        with pytest.raises(ForbiddenAttributes):
            account.assign(name="Bob", **given)
    assert account.name == "Ann"
    account.role = "admin"
    assert account.role == "admin"
