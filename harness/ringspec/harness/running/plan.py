"""The plan of a run: what is fired at which target, and what it lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ringspec.harness.judging.outcome import HINTS
from ringspec.harness.judging.verdict import KnownList, Made
from ringspec.harness.running.firing import Patience
from ringspec.harness.sending.exchange import Connection, Exchange, Filling
from ringspec.harness.sending.pacer import Pacing
from ringspec.harness.sending.policy import Safety, is_loopback
from ringspec.harness.sending.target import Route
from ringspec.spec import SCOPE, Contract, Level, RuleId, UsageError
from ringspec.strategies import Case, Phase

if TYPE_CHECKING:
    from ringspec.harness.running.tape import Tape

DEFAULT_PHASES = frozenset(Phase) - {Phase.EXPLORE}
# Requests under way at once, if the target is on this machine; elsewhere it is one.
WORKERS = 4
# Requests a second at most, if the target is live.
LIVE_RATE = 5.0
# How many bodies explore tries by default.
EXAMPLES = 200
_CLIENT = RuleId("auth.client")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a list, numbered from 1, for runs beside each other.

    A case and its twin belong together, unless the twin is the case that every run
    begins with; and so do all scripts, since what an operation answers in one of them
    shows whether the target has it at all.
    """

    number: int
    of: int
    ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do."""

    contract: Contract
    # The whole list; its first is fired first, whatever is selected.
    cases: tuple[Case, ...]
    url: str
    filling: Filling = field(default_factory=Filling)
    phases: frozenset[Phase] = DEFAULT_PHASES
    # Ids of the cases that are enough in the phase cases; all without any.
    quick: frozenset[str] | None = None
    level: Level = Level.MUST
    # The status that cases of the list expect, if it is not their own; so are
    # `rejections`.
    success: int | None = None
    rejections: tuple[int, ...] = ()
    seed: int = 0
    select: tuple[str, ...] = ()  # prefixes of rule ids to be run; all without any
    exclude: tuple[str, ...] = ()
    # Ids of the only rules that are judged, of those that prefixes leave.
    rules: frozenset[RuleId] | None = None
    safety: Safety = field(default_factory=Safety)
    pacing: Pacing = field(default_factory=Pacing)
    part: Part | None = None
    fail_fast: bool = False
    fail_untested: bool = False
    examples: int = EXAMPLES
    explore_s: float = 60.0
    # How long scripts may wait in vain for what is to show.
    patience_s: float = Patience.seconds
    route: Route = field(default_factory=Route)
    connect: Callable[[], Connection] | None = None
    known: KnownList = field(default_factory=KnownList)
    # Ids of the cases that are fired and alone judged, whatever else is selected; the
    # first case and twins are fired with them.
    only: frozenset[str] | None = None
    notices: tuple[str, ...] = ()  # what is said before anything is sent
    made: Made = field(default_factory=Made)  # with what the run is made, but for when
    # Takes down what comes from outside, if it is to be judged anew.
    tape: Tape | None = None

    def takes(self, case: Case) -> bool:
        """Return whether a case of the list is to be fired at all."""
        if self.only is not None:
            return case.id in self.only
        if self.part is not None and case.id not in self.part.ids:
            return False
        if case.phase == Phase.CASES and self.quick is not None:
            return case.phase in self.phases and case.id in self.quick
        return case.phase in self.phases

    @property
    def narrowed(self) -> tuple[str, ...]:
        """What makes the run a part of the whole, as options."""
        part, quick = self.part, self.quick is not None
        phases = quick or self.phases >= DEFAULT_PHASES
        chosen = self.rules is not None and self.contract.rules.keys() - self.rules
        return (
            *(f"--select {each}" for each in self.select),
            *(f"--exclude {each}" for each in self.exclude),
            *([] if phases else [f"--phase {','.join(sorted(self.phases))}"]),
            *(["--quick"] if quick else []),
            *(["--fail-fast"] if self.fail_fast else []),
            *([f"--shard {part.number}/{part.of}"] if part else []),
            *(["a choice of rules"] if chosen else []),
        )

    @property
    def live(self) -> bool:
        """Whether the target acts on what it takes."""
        return self.safety.is_live(self.url)

    @property
    def pace(self) -> Pacing:
        """How fast to fire at this target."""
        found = replace(self.pacing, workers=self.pacing.workers or WORKERS)
        if not self.live:
            return found
        return replace(found, workers=1, rate=min(found.rate or LIVE_RATE, LIVE_RATE))

    @property
    def explored(self) -> int:
        """How many bodies explore tries; none unless that phase is wanted."""
        return self.examples if Phase.EXPLORE in self.phases else 0

    def check(self) -> None:
        """Make sure that a plan does no harm, and has the URL that is meant."""
        path = self.contract.operation.path.partition("?")[0].rstrip("/")
        if path and self.url.rstrip("/").endswith(path):
            base = self.url.rstrip("/").removesuffix(path)
            raise UsageError(
                f"{self.url} ends with {path}, which every request adds to it",
                hint=f"did you mean {base}?",
            )
        if self.explored and self.live:
            where = "live" if is_loopback(self.url) else "not on this machine"
            raise UsageError(
                f"{self.url} is {where}: explore is out of the question",
                hint=f"explored bodies may {self.contract.operation.effect}",
            )
        if self.live and (elsewhere := self.safety.hosts(self.url).stranger()):
            hint = "add its host to `allowed_hosts` in the profile, if that is intended"
            raise UsageError(elsewhere, hint=hint)

    @property
    def is_unguarded(self) -> bool:
        """Whether the contract asks for credentials that the plan has not."""
        return bool(self.filling.lacks(self.contract.operation.security))

    def lacking_rules(self) -> dict[RuleId, str]:
        """Return the rules that need credentials which it lacks, with the reason."""
        lacking: dict[RuleId, str] = {}
        url = self.filling.token_url
        if not (url and self.filling.client_id):
            lacking[_CLIENT] = "no token endpoint was given"
        elif elsewhere := self.safety.hosts(self.url).refusal(url):
            lacking[_CLIENT] = f"the token endpoint is not sent to: {elsewhere}"
        if self.filling.weaker is None:
            why = "no weaker credentials were given: see [weaker] of profiles"
            lacking[SCOPE] = why
        asked, why = self.contract.operation.security, ""
        if self.is_unguarded:
            why = "no credentials were given, and none are asked for"
        elif asked.unsent and not asked.places:
            why = f"{', '.join(asked.unsent)} is no scheme of which a token is sent"
        for rule in self.contract.rules if why else ():
            if rule.startswith("auth."):
                lacking[rule] = why
        return lacking

    def refusal(self, exchange: Exchange) -> tuple[str, str] | None:
        """Return why it is in vain to go on after the first case, with a hint."""
        if exchange.failure is not None:
            return f"{self.url}: {exchange.failure.message}", ""
        if exchange.status not in {401, 407}:
            return None
        why = f"{self.url} refuses every request: {exchange.summary}"
        asked = self.contract.operation.security
        is_given = self.filling.tokens and not (asked.unsent or self.is_unguarded)
        return why, "" if is_given else advice(self.filling)


def parse_shard(text: str) -> tuple[int, int]:
    """Read which part of how many is meant, such as `2/3`.

    Raises:
        UsageError: it is none.
    """
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    number, of = map(int, match.groups()) if match else (0, 0)
    if not 1 <= number <= of:
        raise UsageError(
            f"--shard {text!r} is no part of a whole",
            hint="write it as 1/3, 2/3 and 3/3, one for each run",
        )
    return number, of


def part_of(cases: Sequence[Case], number: int, of: int) -> Part:
    """Return one part of a list, in size by the requests that it takes."""
    listed = {case.id for case in cases}
    common = cases[0].id if cases else ""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        # A case made from the one that every part fires may be in any part.
        twin = case.twin if case.twin in listed and case.twin != common else None
        groups.setdefault("" if case.steps else twin or case.id, []).append(case)

    def requests(group: Sequence[Case]) -> int:
        return sum(len(case.steps) or 1 for case in group)

    loads, found = [0] * of, set[str]()
    # The largest first, so that the small ones even out the rest.
    for group in sorted(groups.values(), key=requests, reverse=True):
        least = loads.index(min(loads))
        loads[least] += requests(group)
        if least == number - 1:
            found.update(case.id for case in group)
    return Part(number, of, frozenset(found))


def advice(filling: Filling) -> str:
    """Return what to do where a target refuses every request."""
    hints, asked = HINTS["credentials"], filling.asked
    ways = [(hints[it.scheme or it.where], it) for it in filling.lacks(asked)]
    lacking = (way.format(it.name, it.id) for way, it in ways)
    unsent = asked.unsent and hints["unsent"].format(", ".join(asked.unsent))
    other = hints["given" if filling.tokens else "none"]
    return "; ".join(lacking) or unsent or other
