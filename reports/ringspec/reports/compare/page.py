"""A comparison as one page of HTML that asks nothing of any network, nor of a script.

It wears the dress of the HTML report. What reports cite is escaped by the template.
"""

from __future__ import annotations

from ringspec.reports.compare.model import Comparison, Kind, Mark, Providers, Runs
from ringspec.reports.compare.text import HEADS, LISTED, WORDS, account, summary
from ringspec.reports.pages import filled

# How the dress of the report calls what it has another word for.
_DRESS = {Mark.KNOWN: "known-failure", Mark.WARN: "warning"}
_CASES = 5


def render(found: Comparison, *, everything: bool = False) -> bytes:
    """Write the whole page."""
    return filled(
        "compare.html",
        styles=("report.css", "compare.css"),
        found=found,
        runs=isinstance(found, Runs),
        rules=_rules(found, everything=everything),
        words=WORDS,
        dress=_DRESS,
        heads=HEADS,
        listed=LISTED,
        account=account,
        summary=summary,
        kinds=list(Kind),
        cases=_CASES,
    )


def _rules(found: Comparison, *, everything: bool) -> tuple[str, ...]:
    """Return the rows of the matrix: those that differ, then the others if wanted."""
    if not isinstance(found, Providers):
        return ()
    rest = (name for name in found.rules if name not in set(found.differing))
    return (*found.differing, *(rest if everything else ()))
