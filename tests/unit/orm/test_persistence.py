"""Saving, changing, reloading and destroying records."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spica.db import ConstraintViolation, Database, transaction
from spica.db.errors import BadValue
from spica.orm import (
    ForbiddenAttributes,
    NotPersisted,
    RecordNotFound,
    Rollback,
    UnknownField,
    ValidationError,
)
from tests.unit.orm.conftest import Author, Post, Status

pytestmark = pytest.mark.usefixtures("db")


class Params(dict[str, Any]):
    """Request parameters, as spica.http has them: not permitted until somebody says so."""

    permitted = False


class Permitted(dict[str, Any]):
    permitted = True


async def statements_of(db: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the statements that write from now on."""
    seen: list[str] = []
    write = db.driver.write

    async def noted(sql: str, parameters: Any) -> Any:
        seen.append(sql)
        return await write(sql, parameters)

    monkeypatch.setattr(db.driver, "write", noted)
    return seen


async def test_a_record_is_saved_with_its_id_and_times() -> None:
    post = Post(title="Hello")
    assert post.new_record
    assert not post.persisted
    before = datetime.now(UTC)
    assert await post.save()
    assert post.persisted
    assert post.id == 1
    assert before <= post.created_at == post.updated_at <= datetime.now(UTC)
    assert await Post.find(1) == post


async def test_create_gives_the_record_or_every_message() -> None:
    post = await Post.create(title="Hello", views="7")
    assert (post.id, post.views) == (1, 7)
    with pytest.raises(ValidationError) as caught:
        await Post.create(title="x", views="many")
    assert caught.value.status == 422
    assert [(error.name, error.message) for error in caught.value.errors] == [
        ("views", "is not a number"),
        ("title", "is too short (minimum is 3 characters)"),
    ]
    assert caught.value.record.errors.on("views") == ["is not a number"]  # type: ignore[attr-defined]
    assert await Post.count() == 1


async def test_a_form_fills_every_type() -> None:
    form = Permitted(
        title="Hello",
        body="there",
        published="on",
        views="12",
        rating="4.5",
        price="9.90",
        day="2026-01-31",
        token="0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3",
        tags=["a", "b"],
        extra='{"key": "value"}',
        status="live",
        author_id="",
    )
    post = Post(form)
    assert await post.save()
    fresh = await Post.find(post.id)
    assert fresh.to_dict() == post.to_dict()
    assert (fresh.published, fresh.views, fresh.rating, fresh.price) == (True, 12, 4.5, Decimal("9.90"))
    assert (fresh.day, fresh.token) == (date(2026, 1, 31), UUID(form["token"]))
    assert (fresh.tags, fresh.extra, fresh.status, fresh.author_id) == (["a", "b"], {"key": "value"}, Status.LIVE, None)


async def test_a_value_that_does_not_fit_stays_for_the_form() -> None:
    post = Post(title="Hello", views="many", day="2026-13-01", status="gone")
    assert (post.views, post.day) == ("many", "2026-13-01")
    assert not await post.save()
    assert (post.views, post.day) == ("many", "2026-13-01")
    assert post.errors.to_dict() == {
        "views": ["is not a number"],
        "day": ["is not a date"],
        "status": ["is not included in the list"],
    }
    post.views, post.day, post.status = "3", "2026-01-01", "draft"  # type: ignore[assignment]
    assert await post.save()
    assert (post.views, post.day, post.status) == (3, date(2026, 1, 1), Status.DRAFT)
    assert not post.errors


async def test_what_is_missing_is_named() -> None:
    author = Author()
    assert author.name is None
    assert not await author.save()
    assert author.errors.full_messages == ["Name can't be blank"]


async def test_max_is_a_rule() -> None:
    assert not await Author(name="x" * 51).save()
    assert await Author(name="x" * 50).save()


async def test_unique_is_a_rule_and_a_constraint() -> None:
    first = await Author.create(name="Ann")
    second = Author(name="Ann")
    assert not await second.save()
    assert second.errors.on("name") == ["has already been taken"]
    assert await first.save()  # it does not collide with itself
    results = await asyncio.gather(*(Author(name="Bob").save() for _ in range(5)))  # all looked before one wrote
    assert sorted(results) == [False, False, False, False, True]


async def test_a_constraint_on_no_field_is_raised() -> None:
    with pytest.raises(ConstraintViolation) as caught:
        await Post.create(title="Hello", author_id=99)
    assert caught.value.kind == "foreign key"


async def test_an_update_writes_what_changed(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await Post.create(title="Hello", tags=["a"])
    seen = await statements_of(db, monkeypatch)
    assert await post.save()
    assert seen == []
    updated_at = post.updated_at
    post.views = 3
    post.tags.append("b")
    assert post.changed == ["views", "tags"]
    assert await post.save()
    assert seen == ["UPDATE posts SET views=?, tags=?, updated_at=? WHERE posts.id = ?"]
    assert post.changed == []
    assert post.updated_at > updated_at
    fresh = await Post.find(post.id)
    assert (fresh.views, fresh.tags, fresh.updated_at) == (3, ["a", "b"], post.updated_at)


async def test_a_value_written_otherwise_is_no_change(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await Post.create(title="Hello")
    await db.execute("""update posts set extra = '{ "a" : 1 }', price = '1.50', created_at = '2026-01-01T00:00:00Z'""")
    fresh = await Post.find(post.id)
    seen = await statements_of(db, monkeypatch)
    assert fresh.changed == []
    assert await fresh.save()
    assert seen == []


async def test_update_assigns_and_saves() -> None:
    post = await Post.create(title="Hello")
    assert await post.update(title="Better", views="5")
    assert await post.update(Permitted(body="text"), published="1")
    assert not await post.update(title="x")
    fresh = await Post.find(post.id)
    assert (fresh.title, fresh.views, fresh.body, fresh.published) == ("Better", 5, "text", True)
    assert post.title == "x"


@pytest.mark.parametrize("use", [lambda given: Post(given), lambda given: Post().assign(given)])
def test_parameters_without_permission_are_refused(use: Any) -> None:
    with pytest.raises(ForbiddenAttributes) as caught:
        use(Params(title="x", admin="1"))
    assert 'permit("title", "admin")' in caught.value.fix
    use(Permitted(title="x"))
    use({"title": "x"})
    with pytest.raises(UnknownField):
        use(["title"])


def test_names_that_are_no_fields_are_refused_before_anything_is_set() -> None:
    post = Post(title="Hello")
    with pytest.raises(UnknownField, match="titel"):
        post.assign(title="New", titel="x")
    assert post.title == "Hello"
    with pytest.raises(UnknownField, match="titel"):
        Post(titel="x")
    with pytest.raises(UnknownField):
        Post("Hello")  # type: ignore[arg-type]


async def test_validate_false_skips_rules_but_not_types() -> None:
    assert await Post(title="x").save(validate=False)
    assert not await Post(title="x", views="many").save(validate=False)


async def test_valid_looks_without_saving() -> None:
    post = Post(title="x")
    assert not await post.valid()
    assert "title" in post.errors
    post.title = "Hello"
    assert await post.valid()
    assert post.new_record


async def test_an_id_may_be_given() -> None:
    post = await Post.create(id=42, title="Hello")
    assert (await Post.find(42)) == post
    assert (await Post.create(title="Next")).id == 43
    with pytest.raises(ValidationError) as caught:
        await Post.create(id=42, title="Again")
    assert caught.value.record.errors.on("id") == ["has already been taken"]  # type: ignore[attr-defined]


async def test_destroy_removes_the_row() -> None:
    post = await Post.create(title="Hello")
    assert await post.destroy() is post
    assert post.new_record
    assert await Post.count() == 0
    with pytest.raises(NotPersisted):
        await post.destroy()
    with pytest.raises(NotPersisted):
        await Post(title="x").destroy()
    with pytest.raises(NotPersisted):
        await post.reload()


async def test_reload_drops_changes_and_sees_others() -> None:
    post = await Post.create(title="Hello")
    other = await Post.find(post.id)
    await other.update(title="Better")
    post.body = "mine"
    post.errors.add("body", "is bad")
    assert await post.reload() is post
    assert (post.title, post.body, post.changed) == ("Better", "", [])
    assert not post.errors


async def test_a_row_that_is_gone_is_not_found() -> None:
    post = await Post.create(title="Hello")
    await Post.delete_all()
    post.title = "Better"
    with pytest.raises(RecordNotFound):
        await post.save()
    with pytest.raises(RecordNotFound):
        await post.reload()


async def test_changed_of_a_new_record_is_what_was_given() -> None:
    assert Post().changed == []
    assert Post(title="x", views=0, published=True).changed == ["title", "published"]


async def test_records_are_equal_by_row() -> None:
    post = await Post.create(title="Hello")
    fresh = await Post.find(post.id)
    assert fresh == post
    assert hash(fresh) == hash(post)
    assert len({fresh, post}) == 1
    assert Post(title="x") != Post(title="x")
    assert post != await Author.create(name="Ann")


async def test_the_parameter_of_a_url_is_the_id() -> None:
    assert (await Post.create(title="Hello")).to_param() == "1"


async def test_a_save_inside_a_transaction_is_part_of_it() -> None:
    async with transaction():
        await Post.create(title="Hello")
        raise Rollback
    assert await Post.count() == 0


async def test_two_records_have_lists_of_their_own() -> None:
    one, two = Post(title="one"), Post(title="two")
    one.tags.append("x")
    assert two.tags == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
stored_text = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=stored_text,
    published=st.booleans(),
    views=st.integers(-(2**63), 2**63 - 1),
    rating=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    price=st.none()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12),
    day=st.none() | st.dates(),
    token=st.none() | st.uuids(),
    data=st.none() | st.binary(),
    tags=st.lists(st.text()),
    extra=st.none() | st.dictionaries(st.text(), json_values, max_size=3),
    status=st.sampled_from(Status),
    created_at=st.datetimes(timezones=st.just(UTC)),
)
async def test_every_value_comes_back_as_it_went(db: Database, **values: Any) -> None:
    post = await Post.create(title="Hello", **values)
    fresh = await Post.find(post.id)
    for name, value in values.items():
        got = getattr(fresh, name)
        assert got == value, name  # SQLite keeps -0.0 as 0.0, which are equal
        assert type(got) is type(value), name
    assert fresh.changed == []
    assert post.changed == []


async def test_a_decimal_that_would_be_rounded_is_refused() -> None:
    post = Post(title="Hello", price="123456789012345.67")
    assert not await post.save()
    assert post.errors.full_messages == ["Price has 17 significant digits, of which SQLite keeps 15"]
    with pytest.raises(BadValue, match="17 significant digits"):
        await Post.update_all(price=Decimal("123456789012345.67"))
