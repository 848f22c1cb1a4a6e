"""Verdicts of cases, outcomes of rules, the conclusion of a run, and a run's events.

A run yields one `Started`, then a `Judged` for each case in the order of the cases,
with a `Notice` wherever something is to be said, and always one `Ended`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Self, TypeAlias

from ringspec.harness.sending.exchange import Exchange
from ringspec.spec import Contract, Level, Rule, RuleId
from ringspec.strategies import Case, Phase

# Why a known failure is stale.
GONE = "it no longer fails"
EXPIRED = "it expired on"
# How the reasons begin of what stays open by the refusal of the plainest valid body.
PLAIN_REFUSED = "the plain valid body was refused"
# The same of another valid body, the twin of what stays open.
TWIN_REFUSED = "its valid twin"
# Of the reason why an accepted body fails, where its answer is an error in disguise.
TELLS_OF_ERROR = "whose body tells of an error"
# Bytes beyond which a body is hard to read.
_LONG = 512


class Verdict(StrEnum):
    """What an exchange says of one rule."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Outcome(StrEnum):
    """What a run says of one rule."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    UNTESTED = "untested"  # no case breaks it
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not-applicable"


class Conclusion(StrEnum):
    """What a run says of its target."""

    CONFORMANT = "conformant"
    IN_PART = "conformant in part"  # not every case of the list was wanted, or fired
    NONCONFORMANT = "nonconformant"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """The exit status of a run. Source: product.md, the table of them."""
        return {"nonconformant": 1, "inconclusive": 3}.get(self, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict on one rule from one exchange, with what is needed to show it."""

    rule: RuleId
    verdict: Verdict
    reason: str
    # How strongly this verdict binds: its case's level, or that of the rule where a
    # check of the answer reports under a rule of its own.
    level: Level
    # The weaker of the case's and its twin's level, by which an inconclusive finding
    # gates.
    gate: Level
    case: Case
    exchange: Exchange
    twin: Case | None = None


def plainness(case: Case) -> tuple[bool, bool, bool]:
    """Return a key by which cases come first that are easier to follow."""
    is_long = len(case.request.body) > _LONG
    return case.phase is Phase.EXPLORE, bool(case.steps), is_long


def plainest(failures: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return failures as every report tells them: those that bind most, then plain."""
    return tuple(sorted(failures, key=lambda it: (it.level.rank, *plainness(it.case))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A failure that is known beforehand, and does not gate."""

    id: str  # of the rule, or of the one case
    reason: str
    issue: str = ""
    owner: str = ""
    expires: date | None = None
    # Whether only failures found by explore are meant; a run that does not find it
    # again has not shown that it is gone.
    explored: bool = False

    def covers(self, finding: Finding) -> bool:
        """Return whether a finding is of this failure."""
        if self.explored and finding.case.phase != Phase.EXPLORE:
            return False
        return self.id in {finding.rule, finding.case.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownList:
    """The failures known before a run; without `today` none of them expires.

    If `renews`, new failures are to be added, and those that are gone dropped.
    """

    entries: tuple[Known, ...] = ()
    today: date | None = None
    renews: bool = False

    @property
    def in_force(self) -> tuple[Known, ...]:
        """Those that have not expired."""
        return tuple(each for each in self.entries if not self.has_expired(each))

    def has_expired(self, known: Known) -> bool:
        """Return whether the last day of an entry is over."""
        return bool(self.today and known.expires and self.today > known.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A known failure that may not be listed any longer, and why."""

    known: Known
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUpdate:
    """How a list of known failures is brought up to date."""

    kept: tuple[Known, ...]
    added: tuple[Known, ...]
    dropped: tuple[Stale, ...]


class Standing(StrEnum):
    """What some cases of a list say of a known failure."""

    WRONG = "wrong"  # no rule and no case has such an id
    HELD = "held"  # it still fails, or what could show that it does not had no turn
    PASSED = "passed"  # everything that could fail by it passes
    UNSEEN = "unseen"  # no case could tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which part of a list a run fired, and what it takes to join it with others."""

    part: int
    of: int
    digest: str  # SHA-256 of the whole list, in hexadecimal
    # What was fired of the list; so are the three that follow.
    phases: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    quick: bool = False
    # Cases fired that belong to another part, each with the rules judged by it.
    lent: dict[str, tuple[RuleId, ...]] = field(default_factory=dict)
    # Of the cases that something failed or stayed open in, in a whole run.
    places: dict[str, int] = field(default_factory=dict)
    known: tuple[tuple[Known, Standing], ...] = ()
    learnt: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What a run found about one rule."""

    rule: Rule
    outcome: Outcome
    cases: int = 0
    # Those that gate and those that only warn, the plainest first.
    failures: tuple[Finding, ...] = ()
    inconclusive: tuple[Finding, ...] = ()
    why: str = ""
    known: tuple[Known, ...] = ()
    # What it would be without known failures, if it fails by them alone.
    otherwise: Outcome | None = None

    @property
    def excused(self) -> bool:
        """Whether it fails, and only by known failures: it does not gate."""
        return self.otherwise is not None

    def gating(self, level: Level) -> tuple[Finding, ...]:
        """Return the failures that fail a run at a level."""
        return tuple(each for each in self.failures if each.level.gates(level))

    def warnings(self, level: Level) -> tuple[Finding, ...]:
        """Return the failures that are below a level."""
        return tuple(each for each in self.failures if not each.level.gates(level))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much a run did; from `passed` on, rules by outcome.

    `failed` are those that fail by more than known failures; the others are `excused`.
    """

    rules: int = 0
    cases: int = 0
    requests: int = 0
    passed: int = 0
    failed: int = 0
    excused: int = 0
    inconclusive: int = 0
    untested: int = 0
    skipped: int = 0
    not_applicable: int = 0

    @classmethod
    def of(cls, rules: Collection[RuleResult], *, cases: int, requests: int) -> Self:
        """Count the rules of a run."""
        found = Counter("excused" if it.excused else it.outcome for it in rules)
        names = {"pass": "passed", "fail": "failed", "not-applicable": "not_applicable"}
        numbers = {names.get(each, each): number for each, number in found.items()}
        return cls(rules=len(rules), cases=cases, requests=requests, **numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationResult:
    """What a run of several operations found about one; the run's rules have its id."""

    id: str
    method: str
    path: str  # with its placeholders
    sha256: str  # as of its contract; empty if it cannot be tested
    conclusion: Conclusion
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run found."""

    conclusion: Conclusion
    level: Level
    rules: tuple[RuleResult, ...]
    counts: Counts
    duration_s: float
    message: str = ""
    hint: str = ""
    interrupted: bool = False
    # Known failures that have expired or are gone; they fail the run.
    stale: tuple[Stale, ...] = ()
    known_update: KnownUpdate | None = None
    # Whether any answer said something of the API; where not, the rules are as good as
    # unlisted, and the message says it all.
    learnt: bool = True
    share: Share | None = None
    fail_untested: bool = False  # whether an untested rule makes the run inconclusive
    # What made the run a part of the whole: options, or an interrupt.
    narrowed: tuple[str, ...] = ()
    ended: str = ""  # when, in ISO 8601, UTC
    operations: tuple[OperationResult, ...] = ()  # of a run of several

    @property
    def judged(self) -> int:
        """How many rules pass or fail."""
        counts = self.counts
        return counts.passed + counts.failed + counts.excused

    @property
    def exit_code(self) -> int:
        """The exit status; 130 after an interrupt."""
        return 130 if self.interrupted else self.conclusion.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractName:
    """A contract, as far as reports name it.

    `operation` is the id of its operation; empty in a run of several.
    """

    title: str
    version: str
    sha256: str
    dialect: str | None
    operation: str

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """Return the name of a contract."""
        alike = ("title", "version", "sha256", "dialect")
        named = {name: getattr(contract, name) for name in alike}
        return cls(**named, operation=contract.operation.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """With what a run was made, and when it began: ISO 8601, UTC."""

    ringspec: str = ""  # the version
    profile: str = ""
    command: str = ""  # the command line, without secrets
    # What every reader has to know, such as of unchecked certificates.
    warning: str = ""
    began: str = ""


def now() -> str:
    """Return the time, as reports write it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The run begins."""

    contract: ContractName
    target: str
    level: Level
    seed: int
    total: int
    operations: tuple[str, ...] = ()  # ids of those of a run of several
    # Whether clients of the target are judged, and not the target itself.
    clients: bool = False
    made: Made = field(default_factory=Made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A case has been fired and judged; `findings` holds its passes too."""

    case: Case
    exchange: Exchange
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message on the way."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run is over."""

    result: Result


Event: TypeAlias = Started | Judged | Notice | Ended


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The run is to end."""
