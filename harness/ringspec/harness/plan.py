"""The plan of a run: what is fired at whom, and how its failures weigh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ringspec.harness.access.filling import Filling
from ringspec.harness.access.route import Route
from ringspec.harness.connection import Connection
from ringspec.harness.ledger import Ledger
from ringspec.harness.pace.pacing import Pacing
from ringspec.harness.safety.policy import Safety
from ringspec.harness.script import Patience
from ringspec.harness.sharding import Part
from ringspec.spec import Contract, Level, RuleId
from ringspec.strategies import Case, Phase

DEFAULT_PHASES = frozenset(Phase) - {Phase.EXPLORE}
# So many requests are under way at once, where the target is on this machine.
WORKERS = 4
# Elsewhere one is, and no more than so many a second.
LIVE_RATE = 5.0
# What explore looks for where nobody says how much.
EXAMPLES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do.

    Attributes:
        cases: the whole list; its first is fired first, whatever is selected.
        filling: the credentials, as far as there are any.
        phases: which parts of the list are fired.
        quick: ids of the cases that are enough in the phase cases; all without any.
        select: prefixes of rule ids to be run; all without any.
        exclude: prefixes of rule ids to be left out.
        rules: ids of the only rules that are judged, of those that prefixes leave.
        safety: what may be done to the target.
        pacing: how fast to fire.
        part: the part of the list that is fired, for runs beside each other.
        examples: how many bodies the phase explore looks for, if it is wanted.
        explore_s: how long it may look.
        patience_s: how long scripts may wait in vain for what is to show.
        route: how the target is reached.
        connect: opens the target where it is not reached over the network.
        known: failures that are known beforehand.
        only: ids of the cases that are fired, whatever else is said, and alone judged;
            the first case and twins are fired with them.
        found: how strongly the rules bind that a body breaks which explore once found
            and which is fired again, by the id of its case.
    """

    contract: Contract
    cases: tuple[Case, ...]
    url: str
    filling: Filling = field(default_factory=Filling)
    phases: frozenset[Phase] = DEFAULT_PHASES
    quick: frozenset[str] | None = None
    level: Level = Level.MUST
    seed: int = 0
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: frozenset[RuleId] | None = None
    safety: Safety = field(default_factory=Safety)
    pacing: Pacing = field(default_factory=Pacing)
    part: Part | None = None
    fail_fast: bool = False
    examples: int = EXAMPLES
    explore_s: float = 60.0
    patience_s: float = Patience.seconds
    route: Route = field(default_factory=Route)
    connect: Callable[[], Connection] | None = None
    known: Ledger = field(default_factory=Ledger)
    only: frozenset[str] | None = None
    found: Mapping[str, dict[RuleId, Level]] = field(default_factory=dict)

    def takes(self, case: Case) -> bool:
        """Tell whether a case of the list is to be fired at all."""
        if self.only is not None:
            return case.id in self.only
        if self.part is not None and case.id not in self.part.ids:
            return False
        if case.phase == Phase.CASES and self.quick is not None:
            return case.phase in self.phases and case.id in self.quick
        return case.phase in self.phases

    @property
    def live(self) -> bool:
        """Tell whether the target acts on what it takes."""
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
        """How many bodies are looked for; none unless the phase explore is wanted."""
        return self.examples if Phase.EXPLORE in self.phases else 0
