"""The summary, for people: which rules break, at rest and under load, and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ringspec.harness import Conclusion, Outcome, Result
from ringspec.load.account import Account, Count
from ringspec.load.verdict import Figures, Row
from ringspec.reports import counted, shown

_WIDE, _NARROW = 30, 12


def summary(
    found: Sequence[Row], result: Result, figures: Figures, load: Account
) -> Iterator[str]:
    """Yield the lines that are printed at the end."""
    wrong = sorted((it for it in found if it.is_wrong), key=lambda it: not it.is_news)
    news = [it for it in wrong if it.is_news]
    if wrong:
        yield _columns("rule", "at rest", "under load", "from")
        for each in wrong:
            yield _row(each)
        yield ""
    for each in news:
        yield from _example(each)
    yield from _warnings(found)
    yield from _figures(figures, load)
    yield _last(result, found, news)


def _warnings(found: Sequence[Row]) -> Iterator[str]:
    """Yield what breaks below the level: it is never hidden."""
    for each in found:
        rest, load = each.rest, each.load
        if (rest.warned or load.warned) and not each.is_wrong:
            at_rest = f"{rest.warned:,} of {rest.judged:,} at rest"
            told = f"{at_rest}, {load.warned:,} of {load.judged:,} under load"
            yield f"warn: {shown(each.rule, 100)}, below the level: {told}"


def _columns(rule: str, rest: str, load: str, users: str) -> str:
    line = f"{rule:<{_WIDE}}  {rest:>{_NARROW}}  {load:>{_NARROW + 2}}  {users:>10}"
    return line.rstrip()


def _row(row: Row) -> str:
    users = f"{counted(row.users, 'user')}" if row.users else ""
    return _columns(shown(row.rule, 60), _wrong(row.rest), _wrong(row.load), users)


def _wrong(count: Count) -> str:
    """Write how many answers were wrong, of how many."""
    return f"{count.wrong:,} of {count.judged:,}" if count.judged else "not judged"


def _example(row: Row) -> Iterator[str]:
    if row.example is None:
        return
    example = row.example
    yield f"ONLY UNDER LOAD {shown(row.rule, 100)}"
    yield f"  case    {shown(example['case'], 200)}"
    yield f"  why     {shown(example['reason'], 300)}"
    yield str(example["curl"])
    yield ""


def _figures(figures: Figures, load: Account) -> Iterator[str]:
    workers = f", {counted(figures.workers, 'worker')}" if figures.workers else ""
    yield (
        f"load: {counted(figures.users, 'user')}{workers}, "
        f"{counted(figures.requests, 'request')} in {figures.seconds:.1f} s, "
        f"{figures.rate:,.1f} a second"
    )
    if figures.percentiles_ms:
        told = (f"{p} % {ms:,.0f} ms" for p, ms in figures.percentiles_ms.items())
        yield f"latency: {', '.join(told)}"
    if load.troubles:
        told = (f"{name} {number:,}" for name, number in sorted(load.troubles.items()))
        yield f"unanswered or turned away: {', '.join(told)}"


def _last(result: Result, found: Sequence[Row], news: Sequence[Row]) -> str:
    fails = sum(each.outcome is Outcome.FAIL for each in result.rules)
    open_ = sum(each.outcome is Outcome.INCONCLUSIVE for each in result.rules)
    told = [
        f"{counted(len(found), 'rule')} judged",
        f"{fails} failing, {len(news)} only under load" if fails else "none failing",
        *([f"{open_} inconclusive"] if open_ else []),
    ]
    conclusion = Conclusion(result.conclusion)
    return f"{conclusion}: {', '.join(told)} at level {result.level}"
