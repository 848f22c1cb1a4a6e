"""Labelled bodies, drawn by the strategies for users' tests.

In a failing test they show what is wrong, and the body, as shortly as possible.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ringspec.spec import Json, Level, RuleId
from ringspec.strategies.case import encode

if TYPE_CHECKING:
    from hypothesis.vendor.pretty import RepresentationPrinter

_SHORT = 60


class Label(StrEnum):
    """The class of a body by the contract."""

    VALID = "valid"
    INVALID = "invalid"
    UNSPECIFIED = "unspecified"  # no source settles it: a server need only survive it


# By label, the status codes that an answer may have.
_STATUSES = {
    Label.VALID: range(200, 300),
    Label.INVALID: range(400, 500),
    Label.UNSPECIFIED: range(100, 500),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Labelled:
    """A body with its label by the contract.

    Attributes:
        level: how strongly the label binds a server.
        broken: the rules that the body breaks; none unless it is invalid.
        fault: name of its fault, or of the unspecified part; may be empty.
        twin: the valid body that it was made from, if any.
        patch: the RFC 6902 operations between the two.
    """

    body: Json
    label: Label
    level: Level = Level.MUST
    broken: tuple[RuleId, ...] = ()
    fault: str = ""
    twin: Json = None
    patch: tuple[dict[str, Json], ...] = ()

    def allows(self, status: int) -> bool:
        """Return whether a server may answer this body with an HTTP status."""
        return status in _STATUSES[self.label]

    @property
    def content(self) -> bytes:
        """The body as it is sent; not every JSON writer can write all of them."""
        return encode(self.body)

    @property
    def is_valid(self) -> bool:
        """Whether a server has to accept it."""
        return self.label is Label.VALID

    @property
    def is_invalid(self) -> bool:
        """Whether a server has to reject it."""
        return self.label is Label.INVALID

    def __repr__(self) -> str:
        words = "".join(f"{each}, " for each in self._words())
        return f"{type(self).__name__}({words}body={self.body!r})"

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:  # noqa: FBT001 - printers call it so
        """Print it for Hypothesis, which breaks long bodies into lines."""
        with printer.group(4, f"{type(self).__name__}(", ")"):
            for each in self._words():
                printer.text(f"{each},")
                printer.breakable()
            printer.text("body=")
            printer.pretty(self.body)

    def _words(self) -> list[str]:
        """Return its rules or label, and its edits or fault."""
        what = " and ".join(self.broken) or str(self.label)
        edits = "; ".join(map(_edit, self.patch)) or self.fault
        return [repr(each) for each in (what, edits) if each]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Invalid(Labelled):
    """A body with one fault: it breaks one rule, and nothing else."""

    label: Label = Label.INVALID

    @property
    def rule(self) -> RuleId:
        """The rule that it breaks."""
        return self.broken[0]


def _edit(operation: dict[str, Json]) -> str:
    """Describe an edit: `replace /retries by 4`."""
    what = f"{operation['op']} {operation['path'] or 'the body'}"
    if "value" not in operation:
        return what
    value = json.dumps(operation["value"], ensure_ascii=False)
    value = value if len(value) <= _SHORT else f"{value[:_SHORT]}…"
    return f"{what}{' by' if operation['op'] == 'replace' else ':'} {value}"
