from __future__ import annotations

import pytest

from ringspec.spec import Json, Location, canonical, pointer, same, steps


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


def test_a_pointer_is_read_as_it_is_written() -> None:
    location: Location = ("a/b", "~c", 0, "")

    assert pointer(location) == "/a~1b/~0c/0/"
    assert steps(pointer(location)) == ("a/b", "~c", "0", "")
    assert steps("#" + pointer(location)) == ("a/b", "~c", "0", "")
    assert steps("") == ()
