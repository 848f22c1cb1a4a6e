"""Places: where in a profile a value stands, for messages that say so.

In: the profile's text. Out: file and line of a table or key; TOML's readers keep none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ringspec.spec import UsageError

# Table and key, and what is below.
Keys = tuple[str | int, ...]
_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Places:
    """A profile's text, and where in it things stand.

    Attributes:
        shown: the file as it is called in messages.
        variables: for values that did not come from the file, the variable each is of.
    """

    shown: str = ""
    text: str = field(default="", repr=False)
    variables: dict[Keys, str] = field(default_factory=dict)

    def of(self, keys: Keys) -> str:
        """Say where something stands: in a line, or in the environment."""
        for cut in range(len(keys), 0, -1):
            if keys[:cut] in self.variables:
                return self.variables[keys[:cut]]
        line = self.line(keys)
        return f"{self.shown}:{line}" if line else self.shown

    def line(self, keys: Keys) -> int:
        """Return the line where something begins; 0 where there is none."""
        before = 0
        for line, data in self._beginnings():
            if _has(data, keys):
                return before + 1
            before = line
        return self.line(keys[:-1]) if len(keys) > 1 else 0

    def _beginnings(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield every number of lines after which the text is whole, and its data."""
        lines = self.text.split("\n")
        for line in range(1, len(lines) + 1):
            try:
                yield line, tomllib.loads("\n".join(lines[:line]) + "\n")
            except tomllib.TOMLDecodeError:
                continue  # within a value of several lines


def _has(data: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


def read(path: Path, shown: str) -> tuple[dict[str, Any], Places]:
    """Read a profile's text and its data.

    Raises:
        UsageError: the file cannot be read, or is no TOML.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(
            f"the profile {shown} cannot be read: {reason}",
            hint="`ringspec profile init FILE` writes one",
        ) from error
    text = text.replace("\r\n", "\n")
    try:
        return tomllib.loads(text), Places(shown, text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _broken(shown, text, str(error)) from error


def _broken(shown: str, text: str, said: str) -> UsageError:
    found = _WHERE.search(said)
    line, column = found.groups() if found else (None, None)
    if line is None:
        last = text.rstrip("\n").split("\n")
        line, column = str(len(last)), str(len(last[-1]) + 1)
    what = said[: found.start()] if found else said
    return UsageError(
        f"{shown}:{line}: it is no TOML, at column {column}: {what}",
        hint="texts stand in quotes; see https://toml.io",
    )
