"""`ringspec prove`: whether the case list tells every mutant of its contract.

In: a contract. Out: how many of its first-order mutants the cases tell, what is known
of the others, and how few cases would do. Nothing is sent.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

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
# Worst first, as what is not told is listed.
_NOT_TOLD = (
    MutationVerdict.UNTOLD,
    MutationVerdict.UNDECIDED,
    MutationVerdict.UNSETTLED,
    MutationVerdict.EQUIVALENT,
)
_COLUMNS = (
    MutationVerdict.TOLD,
    MutationVerdict.EQUIVALENT,
    MutationVerdict.UNSETTLED,
    MutationVerdict.UNDECIDED,
    MutationVerdict.UNTOLD,
)
# A mutant's cases are named up to here.
_NAMED = 5
# Seconds until somebody who waits is told how far it is, and between two times.
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
def command(**options: Any) -> int:
    """Prove that the cases tell each mutant of the contract; nothing is sent.

    A mutant is the contract with one slip: a keyword dropped, a bound off by one, a
    rule that holds only beside one value of another member. It is told if a case shows
    the slip; equivalent if no body does; unsettled if only such do of which no source
    says what they are; undecided if neither is proven; untold if a case is lacking.

    Exit status: 0 none is untold or undecided, 1 some are, 2 wrong usage.
    """
    return ProveOptions(**options).status()


@dataclass(frozen=True, kw_only=True)
class ProveOptions:
    """What was asked for, by the names of the options."""

    shape: str
    seed: int
    quick: bool
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    contract: Path | None
    operation: str | None
    dialect: str | None

    def status(self) -> int:
        """Prove, print, and return the exit status."""
        contract = load(self.contract, operation=self.operation, dialect=self.dialect)
        rules = frozenset(Selection.of(contract, self.select, self.exclude).rules)
        cases = [
            case for case in cases_of(contract, self.seed) if case.phase == Phase.CASES
        ]
        proof = _Proof(
            contract, self.seed, cases, tuple(_results(contract, rules, cases))
        )
        if self.shape == "json":
            click.echo(json.dumps(proof.document(), indent=2, ensure_ascii=False))
        else:
            click.echo("\n".join(proof.table(names=self.quick)))
        bad = {MutationVerdict.UNTOLD, MutationVerdict.UNDECIDED}
        return int(any(each.verdict in bad for each in proof.results))


def _results(
    contract: Contract, rules: frozenset[RuleId], cases: list[Case]
) -> Iterator[MutationResult]:
    def chosen(mutation: Mutation) -> bool:
        return not rules.isdisjoint(mutation.rules)

    total = sum(map(chosen, mutations_of(contract)))
    if not total:
        raise UsageError(
            "no mutant of the contract concerns the selected rules",
            hint="select rules on the body: `ringspec rules` shows their places",
        )
    yield from _watched(prove(contract, cases, chosen=chosen), total)


def _watched(results: Iterable[MutationResult], total: int) -> Iterator[MutationResult]:
    """Say on a terminal how far it is, if it takes long."""
    shown = time.monotonic() + _PATIENCE
    wiped = True
    for number, each in enumerate(results, 1):
        yield each
        if sys.stderr.isatty() and time.monotonic() > shown:
            shown, wiped = time.monotonic() + _PACE, False
            click.echo(f"\r{number} of {total} mutants", nl=False, err=True)
    if not wiped:
        click.echo("\r\x1b[K", nl=False, err=True)


@dataclass(frozen=True)
class _Proof:
    """Results on the mutations of a contract, and how they are written."""

    contract: Contract
    seed: int
    cases: list[Case]
    results: tuple[MutationResult, ...]

    @cached_property
    def enough(self) -> tuple[str, ...]:
        """Few cases that tell all that is told."""
        telling = {each.mutation.id: each.cases for each in self.results}
        return fewest(telling, self.cases)

    @cached_property
    def counts(self) -> dict[MutationVerdict, Counter[MutationKind]]:
        """How many mutants of each kind have each verdict."""
        counted: dict[MutationVerdict, Counter[MutationKind]] = {
            each: Counter() for each in _COLUMNS
        }
        for each in self.results:
            counted[each.verdict][each.mutation.kind] += 1
        return counted

    def document(self) -> Json:
        """Return the proof as one JSON document."""
        return {
            "format": FORMAT,
            "contract": {
                "title": self.contract.title,
                "version": self.contract.version,
                "sha256": self.contract.sha256,
            },
            "seed": self.seed,
            "counts": {str(each): self.counts[each].total() for each in _COLUMNS},
            "kinds": {
                str(kind): {str(each): self.counts[each][kind] for each in _COLUMNS}
                for kind in MutationKind
            },
            "cases": len(self.cases),
            "enough": list(self.enough),
            "mutants": [_written(each) for each in self.results],
        }

    def table(self, *, names: bool) -> Iterator[str]:
        """Yield the proof line by line, for people."""
        dialect = f", dialect {self.contract.dialect}" if self.contract.dialect else ""
        yield f"Mutants of {self.contract.title} {self.contract.version}{dialect}"
        yield ""
        yield _row("", *_COLUMNS)
        for kind in MutationKind:
            yield _row(kind, *(str(self.counts[each][kind]) for each in _COLUMNS))
        yield _row("all", *(str(self.counts[each].total()) for each in _COLUMNS))
        for verdict in _NOT_TOLD:
            yield from _listed(
                verdict, [each for each in self.results if each.verdict == verdict]
            )
        yield ""
        enough, size = len(self.enough), len(self.cases)
        yield f"{enough} of {size} cases are enough to tell what is told."
        if names:
            yield from (f"  {name}" for name in self.enough)


def _written(result: MutationResult) -> Json:
    mutation = result.mutation
    return {
        "id": mutation.id,
        "kind": mutation.kind,
        "rule": mutation.rules[0],
        "rules": list(mutation.rules),
        "place": mutation.place,
        "change": mutation.change,
        "verdict": result.verdict,
        "reason": result.reason,
        "cases": list(result.cases[:_NAMED]),
        "told_by": len(result.cases),
    }


def _row(head: str, *cells: str) -> str:
    return f"{head:<10}" + "".join(f"{cell:>12}" for cell in cells)


def _listed(verdict: MutationVerdict, results: list[MutationResult]) -> Iterator[str]:
    """List mutants of one verdict; alike ones that are in order as one."""
    if not results:
        return
    yield ""
    yield verdict
    if verdict in {MutationVerdict.UNTOLD, MutationVerdict.UNDECIDED}:
        for each in results:
            yield from _entry(each.mutation.id, each.reason)
        return
    for (about, reason), alike in groupby(results, key=_alike):
        listed = list(alike)
        several = f"{about} in {len(listed)} contexts"
        yield from _entry(
            listed[0].mutation.id if len(listed) == 1 else several, reason
        )


def _alike(result: MutationResult) -> tuple[str, str]:
    mutation = result.mutation
    about = mutation.rules[0] if mutation.kind == MutationKind.CONTEXT else mutation.id
    return about, result.reason


def _entry(name: str, reason: str) -> Iterator[str]:
    yield from wrapped(name, "  ", "      ")
    yield from wrapped(reason, "    ")
