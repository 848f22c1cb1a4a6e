"""`ringspec prove`: whether the case list tells every mutant of its contract."""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import click

from ringspec.cli.options import Given, each_selected, subcommand
from ringspec.reports import ProgressLine, console, print_template
from ringspec.spec import Contract, Json, RuleId, SpecError, UsageError
from ringspec.strategies import (
    LEFT_OUT,
    Case,
    Mutation,
    MutationKind,
    MutationResult,
    MutationVerdict,
    Phase,
    cases_of,
    fewest,
    led,
    mutations_of,
    prove,
)

if TYPE_CHECKING:
    from ringspec.harness.judging.selection import Selection

FORMAT = "ringspec-proof/1"
# Best first, as they are counted; all but the first are listed, worst first.
_VERDICTS = tuple(MutationVerdict)
_BAD = frozenset({MutationVerdict.UNTOLD, MutationVerdict.UNDECIDED})
# A mutant's cases are named up to here.
_NAMED = 5


@subcommand("prove")
def command(given: Given) -> int:
    """Prove that the cases tell each mutant of the contract; nothing is sent."""
    gc.set_threshold(10_000)  # there are many shapes, and no cycles of them
    proofs = list(_proofs(each_selected(given), given.seed, thorough=given.thorough))
    results = [it for *_, found in proofs for it in found]
    if not results:
        raise UsageError(
            "no mutant of the contract concerns the selected rules",
            hint="select rules on the body: `ringspec rules` shows their places",
        )
    contract = proofs[0][0]
    document = {
        "format": FORMAT,
        "contract": {
            name: getattr(contract, name) for name in ("title", "version", "sha256")
        },
        "seed": given.seed,
        "counts": _counts(results),
        "kinds": {
            kind: _counts(it for it in results if it.mutation.kind == kind)
            for kind in MutationKind
            if kind is not MutationKind.EXPRESSION
            or any(it.mutation.holds for it in results)
        },
        "cases": sum(len(cases) for _, cases, _ in proofs),
        # Ids of few cases that tell all that any case tells.
        "enough": [
            name
            for _, cases, found in proofs
            for name in fewest({each.mutation.id: each.cases for each in found}, cases)
        ],
        "mutants": [_json(it) for it in results],
    }
    if contract.prefix:
        document["operations"] = {
            each.operation.id: _counts(found) for each, _, found in proofs
        }
    if given.shape == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False).encode())
    else:
        print_template(
            console(sys.stdout),
            "proof.txt",
            found=document,
            rows=document.get("operations", document["kinds"]),
            dialect=contract.dialect,
            quick=given.quick,
            entries={each: list(_entries(results, each)) for each in _VERDICTS[1:]},
        )
    return int(any(each.verdict in _BAD for each in results))


def _counts(results: Iterable[MutationResult]) -> dict[MutationVerdict, int]:
    """Return the number of mutants by verdict."""
    totals = Counter(it.verdict for it in results)
    return {each: totals[each] for each in _VERDICTS}


def _proofs(
    chosen: Iterable[tuple[Contract, Selection]], seed: int, *, thorough: bool
) -> Iterator[tuple[Contract, list[Case], list[MutationResult]]]:
    """Yield what is proven of each operation, with ids as in a run."""
    for contract, selection in chosen:
        name, lead = contract.operation.id, contract.prefix
        try:
            cases = cases_of(contract, seed, thorough=thorough)
        except SpecError as error:
            if not lead:
                raise
            click.echo(f"note: {name} is not tested: {error}", err=True)
            continue
        listed = [it for it in cases if it.phase == Phase.CASES]
        rules = frozenset(selection.rules)
        mutations = [
            each
            for each in mutations_of(contract, thorough=thorough)
            if not rules.isdisjoint(each.rules)
        ]
        results = _results(contract, mutations, listed)
        proven = [_led(each, lead) for each in results]
        yield contract, [led(each, lead) for each in listed], proven


def _led(result: MutationResult, prefix: str) -> MutationResult:
    mutation = replace(
        result.mutation,
        id=prefix + result.mutation.id,
        rules=tuple(RuleId(prefix + it) for it in result.mutation.rules),
    )
    cases = tuple(prefix + it for it in result.cases)
    return replace(result, mutation=mutation, cases=cases)


def _results(
    contract: Contract, mutations: list[Mutation], cases: list[Case]
) -> Iterator[MutationResult]:
    """Yield a result for each of some mutants, and show how many are done."""
    if not mutations:
        return
    total = len(mutations)
    progress, problems = ProgressLine(console(sys.stderr), "mutant", total), 0
    for each in prove(contract, mutations, cases):
        yield each
        problems += each.verdict in _BAD
        progress.advance(problems, "problem")
    progress.close()


def _json(result: MutationResult) -> Json:
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


def _entries(
    results: Iterable[MutationResult], verdict: MutationVerdict
) -> Iterator[tuple[str, str]]:
    """Yield the mutants of a verdict and why; alike ones as one, if all is known."""

    def key(result: MutationResult) -> tuple[str, str]:
        mutation = result.mutation
        is_known = verdict not in _BAD or result.reason == LEFT_OUT
        is_rule = mutation.kind == MutationKind.CONTEXT and is_known
        return mutation.rules[0] if is_rule else mutation.id, result.reason

    for (name, reason), group in groupby(
        (it for it in results if it.verdict == verdict), key=key
    ):
        alike = list(group)
        several = f"{name} in {len(alike)} contexts"
        yield alike[0].mutation.id if len(alike) == 1 else several, reason
