"""Comparisons: reports side by side, or two runs of one target, one after the other.

In: reports as they were read. Out: which rules differ, and how; what got worse and what
got better; an exit status. What is compared are rules, by id, and the ids of cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from ringspec.spec import Level


class Mark(StrEnum):
    """What a report says of a rule, worst first."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    KNOWN = "known"  # fails by nothing that is not known beforehand
    WARN = "warn"  # fails below the level only
    PASS = "pass"  # noqa: S105 - no password
    NOT_APPLICABLE = "not-applicable"
    SKIPPED = "skipped"
    ABSENT = "absent"  # the report has no such rule


_FAILS = frozenset({Mark.FAIL, Mark.KNOWN})
_UNJUDGED = frozenset({Mark.NOT_APPLICABLE, Mark.SKIPPED, Mark.ABSENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a report says of one rule.

    Attributes:
        failing: ids of the cases that fail at the level, each with the reason.
        known: those of them that are known beforehand.
    """

    id: str
    level: Level
    evidence: str
    sentence: str
    source: str
    mark: Mark
    failing: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A report, as far as it is compared.

    Attributes:
        path: as it was given.
        label: short, and of this column alone.
        sha256: of the contract.
    """

    path: str
    label: str
    target: str
    conclusion: str
    level: Level
    seed: int
    title: str
    version: str
    sha256: str
    dialect: str
    interrupted: bool
    entries: Mapping[str, Entry]

    def mark(self, rule: str) -> Mark:
        """Return what is said of a rule."""
        return self.entries[rule].mark if rule in self.entries else Mark.ABSENT

    @property
    def counts(self) -> Counter[Mark]:
        """Count the rules by what is said of them."""
        return Counter(each.mark for each in self.entries.values())


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Reports that are compared, in the order they were given in.

    Attributes:
        level: the strongest of theirs: what fails is looked at by that.
    """

    columns: tuple[Column, ...]
    level: Level

    @cached_property
    def rules(self) -> dict[str, Entry]:
        """All rules by id, as the first report that has one describes it."""
        found: dict[str, Entry] = {}
        for column in self.columns:
            for name, entry in column.entries.items():
                found.setdefault(name, entry)
        return found

    @property
    def exit_code(self) -> int:
        """Return the status of the command; what differs is no fault by itself."""
        return 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Say what makes the reports hard to compare."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        told = (
            ("contract", [f"{it.title} {it.version}" for it in self.columns]),
            ("dialect", [it.dialect or "none" for it in self.columns]),
            ("level", [str(it.level) for it in self.columns]),
            ("seed", [str(it.seed) for it in self.columns]),
        )
        for name, values in told:
            if len(set(values)) > 1:
                at = f"; compared at {self.level}" if name == "level" else ""
                yield f"another {name}: {self._listed(values)}{at}"
            elif name == "contract" and len({it.sha256 for it in self.columns}) > 1:
                digests = [it.sha256[:12] for it in self.columns]
                yield f"another contract of the same name: {self._listed(digests)}"
        for column in self.columns:
            if column.interrupted:
                yield f"interrupted: {column.label}"

    def _listed(self, values: list[str]) -> str:
        """Write each value with the columns that have it."""
        holders: dict[str, list[str]] = {}
        for column, value in zip(self.columns, values, strict=True):
            holders.setdefault(value, []).append(column.label)
        return "; ".join(f"{value} ({', '.join(it)})" for value, it in holders.items())

    def marks(self, rule: str) -> tuple[Mark, ...]:
        """Return what each report says of a rule."""
        return tuple(column.mark(rule) for column in self.columns)


@dataclass(frozen=True, kw_only=True)
class Providers(Comparison):
    """Several targets side by side."""

    @cached_property
    def differing(self) -> tuple[str, ...]:
        """The rules that the reports differ in, the strongest and worst first."""
        found = [name for name in self.rules if len(set(self.marks(name))) > 1]
        return tuple(sorted(found, key=self._rank))

    def _rank(self, rule: str) -> tuple[bool, int, int, int]:
        marks = Counter(self.marks(rule))
        return (
            # Who was not asked does not differ from who was, to speak of.
            len(marks.keys() - _UNJUDGED) < 2,
            self.rules[rule].level.rank,
            -marks[Mark.FAIL],
            -marks[Mark.INCONCLUSIVE],
        )

    @cached_property
    def alike(self) -> dict[Mark, tuple[str, ...]]:
        """The rules that all reports say the same of, by what that is."""
        found: dict[Mark, list[str]] = {}
        for name in self.rules:
            first, *others = set(self.marks(name))
            if not others:
                found.setdefault(first, []).append(name)
        return {mark: tuple(found[mark]) for mark in Mark if mark in found}


class Kind(StrEnum):
    """What became of a rule from one run to the next, worst first."""

    REGRESSION = "regression"  # did not fail, and fails
    WORSE = "worse"  # failed, and does so by more cases
    UNSETTLED = "unsettled"  # was conclusive, and is not
    NEW_FAILURE = "new failure"  # was not judged, and fails
    EXCUSED = "excused"  # did not fail, and fails as is known
    FIXED = "fixed"
    BETTER = "better"  # fails by fewer cases
    SETTLED = "settled"  # was inconclusive, and passes
    ADDED = "added"  # was not judged, and is
    REMOVED = "removed"  # was judged, and is not
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of a rule.

    Attributes:
        entry: the rule, as the later report has it, or else the earlier one.
        new: the cases that fail now and did not, with the reasons.
        gone: the cases that failed and no longer do.
    """

    kind: Kind
    entry: Entry
    before: Mark
    after: Mark
    new: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Runs(Comparison):
    """Two runs of one target: the first column is the earlier one."""

    @property
    def same_cases(self) -> bool:
        """Tell whether both runs fired the same list."""
        before, after = self.columns
        return (before.seed, before.sha256) == (after.seed, after.sha256)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What became of each rule, worst first."""
        found = [self._change(name) for name in self.rules]
        kinds = list(Kind)
        return tuple(
            sorted(found, key=lambda it: (kinds.index(it.kind), it.entry.level.rank))
        )

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """Return the changes of a kind."""
        return tuple(each for each in self.changes if each.kind is kind)

    @property
    def exit_code(self) -> int:
        """Return 1 if something got worse, 3 if it cannot be told, else 0."""
        if self.of(Kind.REGRESSION) or self.of(Kind.WORSE):
            return 1
        return 3 if self.of(Kind.UNSETTLED) else 0

    def _change(self, rule: str) -> Change:
        before, after = (column.entries.get(rule) for column in self.columns)
        marks = self.marks(rule)
        failed = before.failing if before else {}
        fails = after.failing if after else {}
        known = after.known if after else frozenset()
        new = {
            name: why
            for name, why in fails.items()
            if name not in failed and name not in known
        }
        gone = tuple(name for name in failed if name not in fails)
        return Change(
            kind=self._kind(marks[0], marks[1], more=bool(new), fewer=bool(gone)),
            entry=after or self.rules[rule],
            before=marks[0],
            after=marks[1],
            new=new,
            gone=gone,
        )

    def _kind(self, before: Mark, after: Mark, *, more: bool, fewer: bool) -> Kind:
        if before in _UNJUDGED or after in _UNJUDGED:
            return _judged_anew(before, after)
        if after is Mark.INCONCLUSIVE:
            return Kind.UNCHANGED if before is after else Kind.UNSETTLED
        if after in _FAILS:
            return self._failing(before, after, more=more, fewer=fewer)
        if before in _FAILS:
            return Kind.FIXED
        return Kind.SETTLED if before is Mark.INCONCLUSIVE else Kind.UNCHANGED

    def _failing(self, before: Mark, after: Mark, *, more: bool, fewer: bool) -> Kind:
        if before not in _FAILS:
            return Kind.REGRESSION if after is Mark.FAIL else Kind.EXCUSED
        if not self.same_cases:
            return Kind.UNCHANGED  # of another list, cases tell nothing
        if more and after is Mark.FAIL:
            return Kind.WORSE
        return Kind.BETTER if fewer else Kind.UNCHANGED


def _judged_anew(before: Mark, after: Mark) -> Kind:
    if before in _UNJUDGED and after in _UNJUDGED:
        return Kind.UNCHANGED
    if before in _UNJUDGED:
        return Kind.NEW_FAILURE if after is Mark.FAIL else Kind.ADDED
    return Kind.REMOVED
