from __future__ import annotations

import pytest

from ringspec.spec import Json, Location, at, canonical, kind_of, pointer, same, steps


def test_every_value_has_one_kind() -> None:
    values: list[Json] = [None, True, 0, 2.0, "", [], {}]
    kinds = {kind_of(value) for value in values}

    assert len(kinds) == 7
    assert kind_of(2.0) == "number"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (0, False),
        (1, 1.0),
        ([1], [True]),
        ({"a": 1}, {"a": 1.0}),
        ({"a": None}, {}),
        ([1], [1, 2]),
    ],
)
def test_equality_minds_kinds(left: Json, right: Json) -> None:
    assert not same(left, right)
    assert canonical(left) != canonical(right)


def test_the_order_of_members_does_not_matter() -> None:
    left, right = {"a": 1, "b": [{}]}, {"b": [{}], "a": 1}

    assert same(left, right)
    assert canonical(left) == canonical(right)


@pytest.mark.parametrize("location", [("a",), ("l", 2), ("l", "0"), ("t", 0), (0,)])
def test_nothing_stands_where_nothing_is(location: Location) -> None:
    with pytest.raises(KeyError):
        at({"l": [1, 2], "t": "text"}, location)


def test_a_pointer_is_read_as_it_is_written() -> None:
    location: Location = ("a/b", "~c", 0, "")

    assert pointer(location) == "/a~1b/~0c/0/"
    assert steps(pointer(location)) == ("a/b", "~c", "0", "")
    assert steps("#" + pointer(location)) == ("a/b", "~c", "0", "")
    assert steps("") == ()
