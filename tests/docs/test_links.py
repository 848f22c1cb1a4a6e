"""The check of the built site notices what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .links import main

GOOD = '<h1 id="top">A</h1><a href="b/#there">b</a><a href="https://example.com">e</a>'


def site(folder: Path, first: str) -> str:
    (folder / "b").mkdir()
    (folder / "index.html").write_text(first)
    (folder / "b" / "index.html").write_text('<p id="there"><a href="..#top">a</a>')
    return str(folder)


def test_links_that_lead_away_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([site(tmp_path, GOOD)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "elsewhere, not followed: https://example.com",
        "2 pages, 3 links, 0 wrong",
    ]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('<a href="c/">', "index.html: c/ leads nowhere"),
        ('<a href="b/#here">', "index.html: b/#here leads nowhere"),
        ('<a href="#bottom">', "index.html: #bottom leads nowhere"),
        ('<a href="../../x">', "index.html: ../../x leads nowhere"),
        ('<img src="no.png">', "index.html: no.png leads nowhere"),
        (
            '<link rel="stylesheet" href="https://fonts.example.com/x.css">',
            "index.html: loads https://fonts.example.com/x.css from elsewhere",
        ),
    ],
    ids=["page", "anchor", "own anchor", "outside", "image", "font"],
)
def test_wrong_link_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, told: str
) -> None:
    assert main([site(tmp_path, GOOD + more)]) == 1

    assert capsys.readouterr().err == f"{told}\n"


def test_folder_without_pages_is_no_site(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 2
