from __future__ import annotations

import pytest

from ringspec.reports.printable import counted, cut, decoded, shown, visible, xml_safe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é \U0001f600 [red]", "plain é \U0001f600 [red]"),
        ("\x1b[2J\x00\x9b", "\\x1b[2J\\x00\\x9b"),
        ("\u202e\u2066\ufeff\u200b", "\\u202e\\u2066\\ufeff\\u200b"),
        ("\ud800 \U000e0001", "\\ud800 \\U000e0001"),
    ],
)
def test_what_is_not_printable_becomes_visible(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_xml_keeps_what_it_can_hold() -> None:
    assert xml_safe("a\tb\né\U0001f600\r\x00\x1b\ud800\uffff") == (
        "a\tb\né\U0001f600\\x0d\\x00\\x1b\\ud800\\uffff"
    )


def test_cut_says_how_much_is_left_out() -> None:
    assert cut("a" * 1010, 10) == "aaaaaaaaaa… (1,000 more characters)"
    assert cut("a", 1) == "a"


def test_line_breaks_become_spaces() -> None:
    assert shown(' {\n   "a": 1\r\n}\n', 99) == '{ "a": 1 }'


def test_bytes_that_are_no_text_are_shown() -> None:
    assert decoded(b"a\xff") == "a\\xff"


def test_noun_follows_its_number() -> None:
    assert [counted(n, "case") for n in (0, 1, 2000)] == [
        "0 cases",
        "1 case",
        "2,000 cases",
    ]
