"""Words: what is said of one request, each about a rule or about nothing settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringspec.spec import RuleId


class Kind(StrEnum):
    """What is said of a request."""

    BROKEN = "broken"  # it breaks the rule
    KEPT = "kept"  # the rule applied, and it keeps to it
    UNSPECIFIED = "unspecified"  # no source settles whether that may be sent
    REMARK = "remark"  # worth a word, and of no rule


@dataclass(frozen=True, slots=True)
class Word:
    """One thing said of a request.

    Attributes:
        about: the rule; of what is unspecified, a name; of a remark, empty.
        why: in words, with the value and the place; empty for what is kept.
    """

    kind: Kind
    about: RuleId
    why: str = ""


Words = Iterator[Word]


def broken(rule: RuleId, why: str) -> Word:
    """Say that a rule is broken."""
    return Word(Kind.BROKEN, rule, why)


def kept(rule: RuleId) -> Word:
    """Say that a rule applied and was kept."""
    return Word(Kind.KEPT, rule)


def unspecified(name: str, why: str) -> Word:
    """Say that no source settles something."""
    return Word(Kind.UNSPECIFIED, RuleId(name), why)


def remark(why: str) -> Word:
    """Say something that is of no rule."""
    return Word(Kind.REMARK, RuleId(""), why)


def settled(words: Iterable[Word]) -> tuple[Word, ...]:
    """Say one thing of a kind about each rule; what is broken anywhere is not kept."""
    said: dict[tuple[Kind, str], Word] = {}
    for each in words:
        about = each.about if each.kind != Kind.REMARK else each.why
        said.setdefault((each.kind, about), each)
    fallen = {about for kind, about in said if kind == Kind.BROKEN}
    return tuple(
        each
        for each in said.values()
        if each.kind != Kind.KEPT or each.about not in fallen
    )
