from __future__ import annotations

import unicodedata

import pytest

from ringspec.strategies.shapes.text import (
    TEXTS,
    fitted,
    is_prose,
    of_length,
    sibling_id,
)


@pytest.mark.parametrize("length", [1, 2, 65, 66, 67, 99, 100, 133])
def test_a_text_has_exactly_the_length_asked_for(length: int) -> None:
    text = of_length(length)

    assert len(text) == length
    assert text == text.strip()


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_what_is_settled(text: str) -> None:
    assert 1 <= len(text) <= 100
    assert text == text.strip()
    assert not {unicodedata.category(each) for each in text} & {"Cs", "Cc"}


def test_texts_reach_beyond_ascii_and_beyond_the_bmp() -> None:
    joined = "".join(TEXTS)

    assert any(ord(each) > 0xFFFF for each in joined)
    # Whether a receiver may compose accents is not settled.
    assert unicodedata.normalize("NFC", joined) == joined
    assert {"null", "0012"} <= set(TEXTS)


@pytest.mark.parametrize(
    ("example", "low", "high", "result"),
    [
        ("abc", 1, 9, "abc"),
        ("abc", 5, 9, "abccc"),
        ("abc", 0, 2, "ab"),
        ("", 2, 3, "xx"),
    ],
)
def test_an_example_is_fitted(example: str, low: int, high: int, result: str) -> None:
    assert fitted(example, low, high) == result


def test_sibling_ids_differ_and_the_first_is_the_example() -> None:
    example = "3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"

    siblings = [sibling_id(example, number) for number in range(50)]

    assert siblings[0] == example
    assert len(set(siblings)) == 50
    assert {len(each) for each in siblings} == {36}


def test_a_single_word_is_a_name_and_a_sentence_is_prose() -> None:
    assert is_prose(["The office is closed."])
    assert is_prose([])
    assert not is_prose(["last_call"])
