"""The plan of a run in words: what would be sent, and what could come of it."""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.cli.wrapping import wrapped
from ringspec.harness.judging.selection import Selection
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.precautions import (
    Precautions,
    deeds_in,
    listed,
)
from ringspec.harness.running.run import Session
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.policy import Deed
from ringspec.reports import counted
from ringspec.strategies import Case, Phase

# Where the embedded server would be, and what it would give out.
EMBEDDED = "http://127.0.0.1"
SUPPLIED = Filling(token="supplied", client_id="supplied", token_url=EMBEDDED)  # noqa: S106 - no token
_TOLD = {
    Deed.CREATE: "create",
    Deed.UPDATE: "update",
    Deed.DELETE: "delete",
    Deed.COMMAND: "command",
    Deed.LOOK: "look",
    Deed.TOKEN: "ask for a token",
    Deed.OTHER: "do what the contract does not describe",
}


def standing_in(credentials: Credentials) -> Filling:
    """Return what stands for credentials, of which none is fetched or checked."""
    known = credentials.bearer or credentials.client_id or credentials.value
    return Filling(
        token="given" if known else None,
        client_id=credentials.client_id or "",
        token_url=credentials.token_url or "",
    )


def planned(plan: Plan, target: str) -> Iterator[str]:
    """Yield the lines that say what a run would send; nothing is sent.

    Raises:
        UsageError: the run would end with it.
    """
    session = Session(plan, Selection.of(plan.contract, plan.select, plan.exclude))
    cases, pace = session.cases, plan.pace
    kind = "live" if plan.live else "on this machine"
    yield f"{target}, {kind}: {_pace(pace.workers or 1, pace.rate)}"
    yield ""
    yield f"{'phase':<12}{'cases':>7}{'requests':>10}{'creates':>9}"
    for phase in Phase:
        yield from _row(phase, plan, [case for case in cases if case.phase == phase])
    yield from _row("in all", plan, list(cases))
    yield ""
    yield from _sums(plan, cases)
    yield from _left_out(session.care)
    yield "nothing was sent"


def _pace(workers: int, rate: float | None) -> str:
    at_once = "one request at a time" if workers == 1 else f"{workers} requests at once"
    return f"{at_once}, {rate:g} a second at most" if rate else at_once


def _row(name: str, plan: Plan, cases: list[Case]) -> Iterator[str]:
    if cases:
        deeds = deeds_in(plan, cases)
        sums = f"{len(cases):>7}{deeds.total():>10}{deeds[Deed.CREATE]:>9}"
        yield f"{name:<12}{sums}"


def _sums(plan: Plan, cases: tuple[Case, ...]) -> Iterator[str]:
    deeds = deeds_in(plan, cases)
    listed = [f"{deeds[each]} {said}" for each, said in _TOLD.items() if deeds[each]]
    if listed:
        said = f"of {counted(deeds.total(), 'request')} {', '.join(listed)}"
        yield from wrapped(said, hanging="    ")
    creates = deeds[Deed.CREATE]
    most = min(creates, plan.safety.max_creates) if plan.live else creates
    could = "could be accepted, invalid ones by a target that errs"
    yield f"{counted(most, 'create')} {could}"
    if most < creates:
        yield f"beyond what the profile allows: {counted(creates - most, 'create')}"
    if any(step.paging for case in cases for step in case.steps):
        yield "lists of several pages take more requests, and so does what is repeated"
    if plan.explored:
        yield f"explore looks for {plan.explored} more bodies and walks"


def _left_out(care: Precautions) -> Iterator[str]:
    """Say what safety leaves out, and why."""
    for why, ids in care.omissions():
        said = f"left out, as {why}: {counted(len(ids), 'case')}"
        yield from wrapped(said, hanging="    ")
        yield from wrapped(listed(ids), "    ")
