"""`ringspec prove`: whether the case list tells every mutant of its contract.

In: a contract. Out: how many of its first-order mutants the cases tell, what is known
of the others, and how few cases would do. Nothing is sent.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import click

from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import contract_options, seed_option, selection_options
from ringspec.cli.outputs import wrapped
from ringspec.harness.judging.selection import Selection
from ringspec.spec import Contract, Json, RuleId, UsageError, load
from ringspec.strategies import (
    Case,
    Mutation,
    MutationKind,
    MutationResult,
    MutationVerdict,
    Phase,
    cases_of,
    fewest,
    mutations_of,
    prove,
)

FORMAT = "ringspec-proof/1"
# Best first, as they are counted; all but the first are listed, worst first.
_VERDICTS = (
    MutationVerdict.TOLD,
    MutationVerdict.EQUIVALENT,
    MutationVerdict.UNSETTLED,
    MutationVerdict.UNDECIDED,
    MutationVerdict.UNTOLD,
)
_BAD = frozenset({MutationVerdict.UNTOLD, MutationVerdict.UNDECIDED})
# A mutant's cases are named up to here.
_NAMED = 5
# Seconds until the progress is shown, and between two updates of it.
_PATIENCE = 2.0
_PACE = 0.2


@click.command(
    "prove",
    cls=ManualCommand,
    examples=(
        ("ringspec prove", "the whole contract"),
        ("ringspec prove --select retryDelays", "some rules"),
    ),
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@seed_option
@click.option("--quick", is_flag=True, help="Name the cases that are enough.")
@selection_options
@contract_options
def command(  # noqa: PLR0913 - its options
    *,
    shape: str,
    seed: int,
    quick: bool,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    contract: Path | None,
    operation: str | None,
    dialect: str | None,
) -> int:
    """Prove that the cases tell each mutant of the contract; nothing is sent.

    A mutant is the contract with one slip: a keyword dropped, a bound off by one, a
    rule that holds only beside one value of another member. It is told if a case shows
    the slip; equivalent if no body does; unsettled if only such do of which no source
    says what they are; undecided if neither is proven; untold if a case is lacking.

    Exit status: 0 none is untold or undecided, 1 some are, 2 wrong usage.
    """
    loaded = load(contract, operation=operation, dialect=dialect)
    rules = frozenset(Selection.of(loaded, select, exclude).rules)
    cases = [case for case in cases_of(loaded, seed) if case.phase == Phase.CASES]
    proof = _Proof(loaded, seed, cases, tuple(_results(loaded, rules, cases)))
    if shape == "json":
        click.echo(json.dumps(proof.document(), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(proof.table(names=quick)))
    return int(any(each.verdict in _BAD for each in proof.results))


def _results(
    contract: Contract, rules: frozenset[RuleId], cases: list[Case]
) -> Iterator[MutationResult]:
    """Yield a result for each mutant of some rules, with progress on a terminal."""

    def chosen(mutation: Mutation) -> bool:
        return not rules.isdisjoint(mutation.rules)

    total = sum(map(chosen, mutations_of(contract)))
    if not total:
        raise UsageError(
            "no mutant of the contract concerns the selected rules",
            hint="select rules on the body: `ringspec rules` shows their places",
        )
    due, is_shown = time.monotonic() + _PATIENCE, False
    for number, each in enumerate(prove(contract, cases, chosen=chosen), 1):
        yield each
        if sys.stderr.isatty() and time.monotonic() > due:
            due, is_shown = time.monotonic() + _PACE, True
            click.echo(f"\r{number} of {total} mutants", nl=False, err=True)
    if is_shown:
        click.echo("\r\x1b[K", nl=False, err=True)


@dataclass(frozen=True)
class _Proof:
    """The results of a contract's mutants, as JSON and as a table."""

    contract: Contract
    seed: int
    cases: list[Case]
    results: tuple[MutationResult, ...]

    @cached_property
    def enough(self) -> tuple[str, ...]:
        """Ids of few cases that tell all that any case tells."""
        telling = {each.mutation.id: each.cases for each in self.results}
        return fewest(telling, self.cases)

    def count(self, verdict: MutationVerdict, kind: MutationKind | None = None) -> int:
        """Return the number of mutants of a verdict, of a kind or all."""
        return sum(
            each.verdict == verdict and kind in {None, each.mutation.kind}
            for each in self.results
        )

    def document(self) -> Json:
        """Return the proof as one JSON document."""
        contract = self.contract
        return {
            "format": FORMAT,
            "contract": {
                "title": contract.title,
                "version": contract.version,
                "sha256": contract.sha256,
            },
            "seed": self.seed,
            "counts": {str(each): self.count(each) for each in _VERDICTS},
            "kinds": {
                str(kind): {str(each): self.count(each, kind) for each in _VERDICTS}
                for kind in MutationKind
            },
            "cases": len(self.cases),
            "enough": list(self.enough),
            "mutants": [
                {
                    "id": each.mutation.id,
                    "kind": each.mutation.kind,
                    "rule": each.mutation.rules[0],
                    "rules": list(each.mutation.rules),
                    "place": each.mutation.place,
                    "change": each.mutation.change,
                    "verdict": each.verdict,
                    "reason": each.reason,
                    "cases": list(each.cases[:_NAMED]),
                    "told_by": len(each.cases),
                }
                for each in self.results
            ],
        }

    def table(self, *, names: bool) -> Iterator[str]:
        """Yield the lines of the proof, with the cases that are enough if wanted."""
        dialect = f", dialect {self.contract.dialect}" if self.contract.dialect else ""
        yield f"Mutants of {self.contract.title} {self.contract.version}{dialect}"
        yield ""
        yield _row("", _VERDICTS)
        for kind in MutationKind:
            yield _row(kind, (self.count(each, kind) for each in _VERDICTS))
        yield _row("all", map(self.count, _VERDICTS))
        for verdict in reversed(_VERDICTS[1:]):
            listed = [each for each in self.results if each.verdict == verdict]
            if listed:
                yield ""
                yield verdict
                yield from _entries(listed)
        yield ""
        enough, size = len(self.enough), len(self.cases)
        yield f"{enough} of {size} cases are enough to tell what is told."
        if names:
            yield from (f"  {name}" for name in self.enough)


def _row(head: str, cells: Iterable[object]) -> str:
    return f"{head:<10}" + "".join(f"{cell:>12}" for cell in cells)


def _entries(results: list[MutationResult]) -> Iterator[str]:
    """List mutants; of a harmless verdict, alike ones in a row as one."""

    def key(result: MutationResult) -> tuple[str, str]:
        mutation = result.mutation
        is_context = (
            mutation.kind == MutationKind.CONTEXT and result.verdict not in _BAD
        )
        return mutation.rules[0] if is_context else mutation.id, result.reason

    for (name, reason), group in groupby(results, key=key):
        alike = list(group)
        several = f"{name} in {len(alike)} contexts"
        yield from wrapped(
            alike[0].mutation.id if len(alike) == 1 else several, "  ", "      "
        )
        yield from wrapped(reason, "    ")
