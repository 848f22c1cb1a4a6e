"""Errors of ringspec itself; a server's wrong answer is a verdict instead.

    RingspecError
     ├── UsageError      wrong flags, or values that do not fit          exit 2
     │    └── MisfitError    a profile and a contract do not fit
     ├── SpecError       contract, catalogue or dialect is at fault      exit 2
     ├── ReportError     a report cannot be written                      exit 2
     ├── TargetError     target cannot be reached or refuses access      exit 3
     └── InternalError   a bug of ours                                   exit 4

Loading raises SpecError, the command line UsageError, firing TargetError.
Only the command catches them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, ClassVar


class RingspecError(Exception):
    """Base of our errors: message, place and hint."""

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RingspecError):
    """A flag or its value cannot be used."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.add_note(f"hint: {hint}")  # for tracebacks, in tests of others


class MisfitError(UsageError):
    """The values of a profile do not fit the contract."""

    def __init__(self, message: str, *, hint: str = "", path: tuple[str, ...]) -> None:
        super().__init__(message, hint=hint)
        self.path = path  # its table and key in the profile


class SpecError(RingspecError):
    """The contract, its catalogue or a dialect is unreadable or contradicts itself."""

    exit_code = 2


@cache
def _listed() -> dict[str, list[str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def spec_error(row: str, **about: object) -> SpecError:
    """Return the error of a row of `errors.toml`, about what is given."""
    message, hint = (text.format(**about) for text in _listed()[row])
    return SpecError(message, hint=hint)


class ReportError(RingspecError):
    """A report cannot be written."""

    exit_code = 2


class TargetError(RingspecError):
    """The target cannot be reached, or refuses access."""

    exit_code = 3


class InternalError(RingspecError):
    """A bug of ringspec; please report it."""

    exit_code = 4


def nearest(
    name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6
) -> list[str]:
    """List the known names that resemble a misspelt one, the most alike first."""
    folded = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), folded, most, cutoff)
    return [folded[each] for each in found]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the beginning of a hint, `did you mean NAME? `; empty without a match."""
    return "".join(f"did you mean {near}? " for near in nearest(name, known))


def check_known(what: str, name: str, names: Iterable[str], hint: str = "") -> None:
    """Raise a UsageError, with the nearest, for a name that is none of those known."""
    check_named(f"no {what}", name, names, hint or "one of: {}")


def check_named(
    fault: str,
    name: str,
    names: Iterable[str],
    hint: str = "there are {}",
    error: type[RingspecError] = UsageError,
    **more: Any,
) -> None:
    """Raise an error as `check_known` does, about a fault; `{}` lists what is known."""
    known = list(map(str, names))
    if name not in known:
        hint = hint.replace("{}", ", ".join(known) or "none")
        raise error(f"{fault} {name!r}", hint=did_you_mean(name, known) + hint, **more)
