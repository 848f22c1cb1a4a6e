"""What may come next on the command line, from a table that knows all commands.

The table is made by `python -m tests.docs.generate`: whoever presses the tab key waits
for neither the contract nor a command to load. A shell calls us with the words so far,
the last one unfinished, and reads a line for each answer: its kind, the word, its help.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("completion.json")
SHELLS = Path(__file__).parent / "shells"
# Set by the scripts: for which shell.
VARIABLE = "_RINGSPEC_COMPLETE"
# Bash takes what follows `=` or `:` for a word of its own.
_PARTING = "bash"
_FORMATS = "FORMAT=PATH"


@dataclass(frozen=True, slots=True)
class Word:
    """A word that may come next.

    Attributes:
        kind: `word`; `part`, which no space follows; `file`, which the shell completes.
    """

    kind: str
    text: str = ""
    help: str = ""

    @property
    def line(self) -> str:
        """The line that a shell reads."""
        return f"{self.kind}\t{self.text}\t{self.help}"


def script(shell: str) -> str:
    """Return the script that a shell is to run once."""
    return (SHELLS / f"ringspec.{shell}").read_text("utf-8")


def known_formats() -> list[str]:
    """Return the formats of cases and reports, with their versions."""
    formats = json.loads(TABLE.read_text("utf-8"))["formats"]
    return [str(each) for each in formats]


def answers(words: Sequence[str], shell: str) -> list[str]:
    """Return the lines for the last of some words, which follow the program's name.

    Whatever goes wrong, there is nothing to offer: nobody wants to read of it here.
    """
    try:
        table = json.loads(TABLE.read_text("utf-8"))
        *given, last = joined(words) if shell == _PARTING else words or [""]
        return [word.line for word in _Line(table, shell).next(given, last)]
    except Exception:  # noqa: BLE001 - as above
        return []


def joined(words: Sequence[str]) -> list[str]:
    """Put together the words that bash parts at `=`."""
    whole: list[str] = []
    for number, word in enumerate(words):
        after = number > 0 and words[number - 1] == "="
        if whole and (word == "=" or after):
            whole[-1] += word
        else:
            whole.append(word)
    return whole or [""]


class _Line:
    """The command line, as far as it goes."""

    def __init__(self, table: dict[str, Any], shell: str) -> None:
        self._commands: dict[str, Any] = table["commands"]
        self._values: dict[str, list[list[str]]] = table["values"]
        self._parted = shell == _PARTING

    def next(self, given: Sequence[str], last: str) -> Iterator[Word]:
        """Yield what the last word may become."""
        command, waiting, opened = self._walked(given)
        options = command["options"]
        name, equals, value = last.partition("=")
        if waiting is not None:
            yield from self._of(waiting, last, "")
        elif equals and name.startswith("--"):
            if options.get(name, {}).get("takes"):
                yield from self._of(options[name]["takes"], value, f"{name}=")
        elif last.startswith("-") and opened:
            for option, about in options.items():
                if option.startswith(last):
                    yield Word("word", option, about["help"])
        else:
            for each, about in command["commands"].items():
                if each.startswith(last):
                    yield Word("word", each, about)
            if command["argument"]:
                yield from self._of(command["argument"], last, "")

    def _walked(self, given: Sequence[str]) -> tuple[dict[str, Any], Any, bool]:
        """Return the command, what its last option takes, and whether more may come."""
        path = ""
        waiting: list[str] | None = None
        opened = True
        for word in given:
            command = self._commands[path]
            takes = command["options"].get(word, {}).get("takes")
            if waiting is not None:
                waiting = None
            elif word == "--":
                opened = False
            elif opened and takes is not None:
                waiting = takes
            elif word in command["commands"]:
                path = f"{path} {word}".strip()
        return self._commands[path], waiting, opened

    def _of(self, takes: Sequence[str], last: str, before: str) -> Iterator[Word]:
        """Yield the values of some kinds; a file only if no other fits."""
        found = False
        for kind in takes:
            if kind == "file":
                continue
            for word in self._named(kind, last):
                found = True
                text = word.text if self._parted else f"{before}{word.text}"
                yield Word(word.kind, text, word.help)
        if "file" in takes and not found:
            yield Word("file")

    def _named(self, kind: str, last: str) -> Iterator[Word]:
        values = self._values[kind]
        if kind.startswith(_FORMATS):
            if "=" in last:
                yield Word("file")
                return
            for name, about in values:
                if name.startswith(last):
                    yield Word("part", f"{name}=", about)
            return
        # Several may stand there, with commas between.
        done, comma, rest = last.rpartition(",") if kind == "phase" else ("", "", last)
        for name, about in values:
            if name.startswith(rest):
                yield Word("word", f"{done}{comma}{name}", about)
