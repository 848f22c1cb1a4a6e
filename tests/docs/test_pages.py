"""Every block that a page of the documentation shows is pasted, and says what it says.

A page is one test: top to bottom, in one empty folder, in one bash, with the commands
of the environment on the PATH, 80 columns wide. What counts on a page:

- A fence ```` ```sh ```` is pasted as it is, whole. If a fence ```` ```text ```` comes
  next, that is its standard output, or its standard error if there is no output,
  compared as doctest does: `...` stands for anything, over lines as well. Spaces at the
  end of lines do not count, and any duration is as good as another (`3.1 s`), as is any
  uuid.
- A command that ends in `&` goes on until the page ends. If it names a port, it
  listens, and has written its first line to the file after `>`, before the next block
  is pasted; within a block nobody waits. `kill %1` and `wait %1` work.
- Any fence with `title="NAME"` is written to a file of that name.
- Ports 8000 to 8009 are put free ones in place of, in blocks and files, and are back in
  what is compared.
- Remarks stand on the line before a fence, several if need be:
  `<!-- exit: 1 -->` the block's last command ends with that status; others, with 0;
  `<!-- not run: REASON -->` the fence is left alone, for a reason worth reading.
- Nothing is sent elsewhere: URLs in blocks lead to 127.0.0.1.
"""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path

import pytest

from ..called import environment  # noqa: TID252 - tests are no distribution
from ..recipes.recipes import installs  # noqa: TID252 - likewise
from .page import Block, Done, Step, steps, taken

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TOLERANT = doctest.ELLIPSIS
# What differs from run to run, and what it stands as.
VARIES = (
    (re.compile(r"\b\d[\d,]*(?:\.\d+)? (?:s|ms)\b"), "0.0 s"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
)
ELSEWHERE = re.compile(r"https?://(?!127\.0\.0\.1\b|localhost\b)[^\s'\"`)]+")


def read(path: Path) -> list[Step]:
    return list(steps(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if read(path)],
    ids=lambda path: path.relative_to(DOCS).as_posix(),
)
def test_page(path: Path, tmp_path: Path) -> None:
    found = troubles(read(path), tmp_path)

    assert not found, "\n".join(found)


@installs
def test_start_in_a_fresh_clone(tmp_path: Path) -> None:
    clone = Block(line=0, text=f"rm .venv && git clone -q {ROOT} .\n")
    text = (DOCS / "start.md").read_text("utf-8")

    found = troubles([clone, *steps(text, all_run=True)], tmp_path)

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix()
)
def test_page_sends_nothing_elsewhere(path: Path) -> None:
    texts = [step.text for step in read(path) if isinstance(step, Block)]

    assert ELSEWHERE.findall("\n".join(texts)) == []


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment of a reader who has installed ringspec and little else."""
    programs = Path(sys.executable).parent
    assert (programs / "ringspec").exists(), (
        "ringspec is not installed: pip install -e ."
    )
    given = environment({"COLUMNS": "80", "HOME": str(home), "LC_ALL": "C.UTF-8"})
    return {**given, "PATH": f"{programs}:{given['PATH']}"}


def troubles(page: list[Step], home: Path) -> list[str]:
    """Take the steps of a page; return what is wrong, each with its line."""
    ends = taken(page, home, surroundings(home))
    found = [
        f"line {step.line}:\n{step.text}{wrong}"
        for step, done in zip(page, ends, strict=True)
        if isinstance(step, Block) and (wrong := difference(step, done))
    ]
    return found and [*found, "all errors:", *(each.errors for each in ends)]


def difference(step: Block, done: Done) -> str:
    """Return what is wrong with the end of a block, if anything is."""
    output = done.output or done.errors
    if done.status != step.status:
        wrong = f"ended with {done.status}, not {step.status}; its output:"
        return f"{wrong}\n{done.output}{done.errors}"
    if step.expected and not alike(step.expected, output):
        return f"printed:\n{output}\nwhere the page has:\n{step.expected}"
    return ""


def alike(expected: str, output: str) -> bool:
    """Compare an output with what a page shows."""
    return doctest.OutputChecker().check_output(
        plain(expected), plain(output), TOLERANT
    )


def plain(text: str) -> str:
    text = "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
    for pattern, put in VARIES:
        text = pattern.sub(put, text)
    return text
