"""Filters: how they are declared and what is refused."""

import pytest

from spica.controllers.controller import Controller
from spica.controllers.errors import FilterError
from spica.controllers.filters import before, check_filters, find_filters


class Parent(Controller):
    @before
    def a(self) -> None: ...

    @before(only="show")
    def b(self) -> None: ...


class Child(Parent):
    @before(except_=["index"])
    def c(self) -> None: ...

    @before(only=["index"])
    def a(self) -> None: ...


def test_filters_are_found_from_the_base_down_in_their_place() -> None:
    assert [method.__name__ for method, _ in find_filters(Child)] == ["a", "b", "c"]
    rules = {method.__name__: rule for method, rule in find_filters(Child)}
    assert [rules["a"].covers(action) for action in ("index", "show")] == [True, False]
    assert [rules["b"].covers(action) for action in ("index", "show")] == [False, True]
    assert [rules["c"].covers(action) for action in ("index", "show")] == [False, True]


def test_only_and_except_exclude_each_other() -> None:
    with pytest.raises(FilterError) as caught:

        @before(only="a", except_="b")
        def both(self: object) -> None: ...

    assert "test_filters.py:" in caught.value.where


def test_an_action_that_does_not_exist_is_named_with_its_neighbour() -> None:
    check_filters(Child, ["index", "show"])
    with pytest.raises(FilterError) as caught:
        check_filters(Child, ["indx", "show"])
    assert "'index'" in caught.value.what
    assert "did you mean 'indx'?" in caught.value.fix


def test_inherited_filters_may_name_actions_of_other_controllers() -> None:
    class Lonely(Parent):
        def index(self) -> None: ...

    check_filters(Lonely, ["index"])
