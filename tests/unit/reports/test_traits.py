from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from ringspec.reports.traits import Sent, Trait, parted
from ringspec.spec import Json


def sent(sample: ModuleType, *bodies: Json, **more: Any) -> list[Sent]:
    cases = [sample.case("a.b/1", json.dumps(body).encode(), **more) for body in bodies]
    return [(case, case.request) for case in cases]


def innocent(sample: ModuleType) -> list[Sent]:
    return sent(sample, *({"a": number, "b": "x" * number} for number in range(20)))


@pytest.mark.parametrize(
    ("bodies", "said"),
    [
        (({"a": 99, "b": "x"}, {"a": 99, "b": "xx"}), "/a = 99"),
        (({"a": 1}, {"a": 2}), "/b is left out"),
        (({"a": 1, "b": "é"}, {"a": 2, "b": "éé"}), "/b has text beyond ASCII"),
        (({"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 2]}), "/b/# = 2"),
        (({"a": 1, "b": {"c": 1}}, {"a": 2, "b": {"c": 2}}), "/b/c is there"),
        (([1], [2]), "the body has 1 item"),
        (({"a": 1, "b": 1.5}, {"a": 2, "b": 2.5}), "/b is of type float"),
        (({"a": 1, "b": "y" * 50}, {"a": 2, "b": "z" * 50}), "/b has 50 characters"),
    ],
)
def test_one_trait_tells_all(
    sample: ModuleType, bodies: tuple[Json, ...], said: str
) -> None:
    ((trait, numbers),) = parted(sent(sample, *bodies), innocent(sample))

    assert str(trait) == said
    assert numbers == (0, 1)


def test_two_traits_part_what_no_single_one_tells(sample: ModuleType) -> None:
    one = [{"a": 99, "b": "x" * number} for number in range(5)]
    other = [{"a": number, "b": "x", "c": True} for number in range(4)]

    parts = parted(sent(sample, *one, *other), innocent(sample) * 6)

    assert parts == (
        (Trait("is", "/a", "99"), (0, 1, 2, 3, 4)),
        (Trait("is", "/c", "true"), (5, 6, 7, 8)),
    )


def test_chance_is_no_trait(sample: ModuleType) -> None:
    wrong = sent(sample, *({"a": 100 + number} for number in range(8)))
    right = [*innocent(sample), *sent(sample, {"a": 3})]

    assert len(parted(wrong, right)) == 1
