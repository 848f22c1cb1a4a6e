from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringspec.spec import is_irregular
from ringspec.strategies.shapes.draw import ByteChoices

quick = settings(max_examples=200, deadline=None, database=None, derandomize=True)


@pytest.mark.parametrize("bound", [1, 2, 7, 256, 257, 2**31])
def test_an_empty_tape_chooses_the_plainest(bound: int) -> None:
    assert ByteChoices(b"").below(bound) == 0


@pytest.mark.parametrize("bound", [2, 3, 200, 256, 300, 2**40])
def test_choices_stay_below_their_bound(bound: int) -> None:
    assert ByteChoices(b"\xff" * 9).below(bound) == bound - 1


@pytest.mark.parametrize("bound", [2, 5, 24])
def test_a_lower_byte_never_chooses_more(bound: int) -> None:
    chosen = [ByteChoices(bytes([byte])).below(bound) for byte in range(256)]

    assert chosen == sorted(chosen)
    assert set(chosen) == set(range(bound))


@quick
@given(st.binary(), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
def test_some_are_as_many_as_asked_for(
    data: bytes, count: int, least: int, more: int
) -> None:
    least = min(least, count)

    chosen = ByteChoices(data).some(count, least, least + more)

    assert least <= len(chosen) <= least + more
    assert chosen <= set(range(count))


@quick
@given(st.binary(max_size=140), st.integers(1, 9), st.integers(9, 100))
def test_a_text_is_within_its_lengths_and_has_something_to_read(
    data: bytes, low: int, high: int
) -> None:
    text = ByteChoices(data).text(low, high)

    assert low <= len(text) <= high
    assert text.strip()
    assert not is_irregular(text)
