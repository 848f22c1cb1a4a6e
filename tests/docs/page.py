"""A page of the documentation as the steps that a test takes, top to bottom."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^(?P<indent>[ ]*)(?P<ticks>`{3,})(?P<info>[^`]*)$")
_TITLE = re.compile(r'\btitle="(?P<name>[^"]+)"')
_REMARK = re.compile(
    r"^\s*<!--\s*(?P<word>exit|not run|before):\s*(?P<text>.*?)\s*-->$"
)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A line for the shell.

    Attributes:
        line: of the page, the first is 1.
        expected: the output as the page shows it; empty says nothing.
        status: with which it ends.
    """

    line: int
    text: str
    expected: str = ""
    status: int = 0

    @property
    def stays(self) -> bool:
        """Whether it goes on in the background."""
        return self.text.endswith("&") and not self.text.endswith("&&")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that the page shows, to be written before what follows."""

    line: int
    name: str
    text: str


Step = Command | Written


class PageError(Exception):
    """A page that cannot be read as the convention has it."""


@dataclass(frozen=True)
class _Fence:
    line: int
    info: str
    lines: tuple[str, ...]
    remarks: dict[str, str]

    @property
    def language(self) -> str:
        return self.info.split(" ")[0].strip("{}.")


def steps(text: str) -> Iterator[Step]:
    """Yield what a page has its reader do.

    Raises:
        PageError: a fence is not closed, or a remark stands before no fence.
    """
    for fence in _fences(text):
        if "not run" in fence.remarks:
            continue
        if "before" in fence.remarks:
            yield Command(line=fence.line, text=fence.remarks["before"])
        title = _TITLE.search(fence.info)
        if title is not None:
            content = "".join(f"{line}\n" for line in fence.lines)
            yield Written(line=fence.line, name=title["name"], text=content)
        elif fence.language == "console":
            yield from _commands(fence)


def _fences(text: str) -> Iterator[_Fence]:
    """Yield the fenced blocks, each with the remarks right before it."""
    remarks: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        remark, opened = _REMARK.match(line), _FENCE.match(line)
        if remark is not None:
            remarks[remark["word"]] = remark["text"]
        elif opened is not None:
            block = tuple(_block(lines, number, opened["ticks"]))
            inside = textwrap.dedent("\n".join(block)).split("\n") if block else []
            yield _Fence(number, opened["info"].strip(), tuple(inside), remarks)
            remarks = {}
        elif remarks and line.strip():
            raise PageError(f"line {number}: {remarks} stands before no fence")


def _block(lines: Iterator[tuple[int, str]], number: int, ticks: str) -> Iterator[str]:
    for _, line in lines:
        if line.strip() == ticks:
            return
        yield line
    raise PageError(f"line {number}: this fence is not closed")


def _commands(fence: _Fence) -> Iterator[Command]:
    """Yield the commands of a console; the exit status is the last one's."""
    found: list[tuple[int, list[str], list[str]]] = []
    for number, line in enumerate(fence.lines, fence.line + 1):
        if line.startswith("$ "):
            found.append((number, [line[2:]], []))
        elif not found:
            raise PageError(f"line {number}: a console begins with a command: $ …")
        elif line.startswith("> ") and not found[-1][2]:
            found[-1][1].append(line[2:])
        else:
            found[-1][2].append(line)
    for number, typed, shown in found:
        last = number == found[-1][0]
        yield Command(
            line=number,
            text="\n".join(typed).strip(),
            expected="\n".join(shown).strip("\n"),
            status=int(fence.remarks.get("exit", 0)) if last else 0,
        )
