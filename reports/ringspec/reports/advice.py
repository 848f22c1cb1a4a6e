"""Advice: the few commands that help after a run, and only those."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from ringspec.harness import Conclusion, Finding, Result, Started
from ringspec.reports.causes import Cause
from ringspec.reports.consoles import line
from ringspec.reports.details import LIMIT, chosen
from ringspec.reports.text import visible
from ringspec.spec import Level
from ringspec.strategies import Phase

_MOST = 3


def print_next(
    console: Console,
    started: Started,
    result: Result,
    found: Sequence[Cause],
    again: Sequence[str] | None = None,
) -> None:
    """Print what to run next, if anything helps.

    Args:
        console: where to.
        started: how the run began.
        result: how it ended.
        found: the causes that have been told.
        again: the options without which there would be other cases, as they were given;
            without them, what the run itself tells of them.
    """
    words = tuple(kept(started)) if again is None else tuple(again)
    told = list(_next(started, result, found, words))[:_MOST]
    if not told:
        return
    line(console)
    line(console, "next", "dim")
    for command, why in told:
        # Not wrapped: it is there to be pasted.
        text = Text.assemble("  ", (command, "cyan"))
        remark = Text(f"  # {why}", "dim")
        fits = text.cell_len + remark.cell_len <= console.width
        line(console, text + remark if fits else text)


def _next(
    started: Started, result: Result, found: Sequence[Cause], words: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if not result.learnt or result.interrupted:
        return  # the message and the hint say it
    first = _replayable(found)
    if first is not None:
        command = ["ringspec", "replay", first.case.id, started.target, *words]
        yield shlex.join(map(visible, command)), "the first of them again"
    if any(len(each.findings) > LIMIT for each in found):
        yield "ringspec run … --report html=report.html", "every case, side by side"
    if result.stale:
        known = "ringspec run … --known-failures FILE --update-known-failures"
        yield known, "once what is stale is looked at"
    if result.conclusion is Conclusion.CONFORMANT and not _warns(result):
        wider = [each for each in Level if each.rank == result.level.rank + 1]
        for level in wider:
            yield f"ringspec run … --level {level}", "what binds less strongly, too"


def _replayable(found: Sequence[Cause]) -> Finding | None:
    """Return the first failure that was shown of a case that is on the list."""
    told = (each for cause in found for each in chosen(cause.findings, LIMIT))
    return next((each for each in told if each.case.phase != Phase.EXPLORE), None)


def kept(started: Started) -> Iterator[str]:
    """Yield the options without which there would be other cases."""
    if started.contract.dialect:
        yield from ("--dialect", started.contract.dialect)
    if started.seed:
        yield from ("--seed", str(started.seed))


def _warns(result: Result) -> bool:
    return any(each.warnings(result.level) for each in result.rules)
