"""`ringspec prove`: whether the case list tells every mutant of its contract."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import click

from ringspec.cli.options import Given, each_selected, subcommand
from ringspec.reports import ProgressLine, console, print_template
from ringspec.spec import Contract, Json, RuleId, SpecError, UsageError
from ringspec.strategies import (
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
_LONG_S = 20


@subcommand("prove")
def command(given: Given) -> int:
    """Prove that the cases tell each mutant of the contract; nothing is sent."""
    proofs = list(_proofs(each_selected(given), given.seed))
    results = [it for each in proofs for it in each.results]
    if not results:
        raise UsageError(
            "no mutant of the contract concerns the selected rules",
            hint="select rules on the body: `ringspec rules` shows their places",
        )
    contract = proofs[0].contract
    totals = Counter(it.verdict for it in results)
    kinds = Counter((it.mutation.kind, it.verdict) for it in results)
    document = {
        "format": FORMAT,
        "contract": {
            name: getattr(contract, name) for name in ("title", "version", "sha256")
        },
        "seed": given.seed,
        "counts": {each: totals[each] for each in _VERDICTS},
        "kinds": {
            kind: {each: kinds[kind, each] for each in _VERDICTS}
            for kind in MutationKind
        },
        "cases": sum(len(each.cases) for each in proofs),
        "enough": [name for each in proofs for name in each.enough],
        "mutants": [_json(it) for it in results],
    }
    if contract.prefix:
        document["operations"] = {
            each.contract.operation.id: each.counts for each in proofs
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


@dataclass(frozen=True)
class _Proof:
    """What is proven of one operation, with ids as in a run."""

    contract: Contract
    cases: list[Case]
    results: list[MutationResult]

    @property
    def counts(self) -> dict[MutationVerdict, int]:
        """The number of mutants by verdict."""
        totals = Counter(it.verdict for it in self.results)
        return {each: totals[each] for each in _VERDICTS}

    @property
    def enough(self) -> Iterable[str]:
        """Ids of few cases that tell all that any case tells."""
        told = {each.mutation.id: each.cases for each in self.results}
        return fewest(told, self.cases)


def _proofs(
    chosen: Iterable[tuple[Contract, Selection]], seed: int
) -> Iterator[_Proof]:
    """Yield the proof of each operation; say which are not proven to the end."""
    for contract, selection in chosen:
        name, lead = contract.operation.id, contract.prefix
        try:
            listed = [it for it in cases_of(contract, seed) if it.phase == Phase.CASES]
        except SpecError as error:
            if not lead:
                raise
            click.echo(f"note: {name} is not tested: {error}", err=True)
            continue
        results = _results(contract, frozenset(selection.rules), listed)
        proven = [_led(each, lead) for each in results]
        yield _Proof(contract, [led(each, lead) for each in listed], proven)


def _led(result: MutationResult, prefix: str) -> MutationResult:
    mutation = replace(
        result.mutation,
        id=prefix + result.mutation.id,
        rules=tuple(RuleId(prefix + it) for it in result.mutation.rules),
    )
    cases = tuple(prefix + it for it in result.cases)
    return replace(result, mutation=mutation, cases=cases)


def _results(
    contract: Contract, rules: frozenset[RuleId], cases: list[Case]
) -> Iterator[MutationResult]:
    """Yield a result for each mutant of some rules, and show how many are done.

    One operation of several shall not keep the others from their turn.
    """

    def chosen(mutation: Mutation) -> bool:
        return not rules.isdisjoint(mutation.rules)

    total = sum(map(chosen, mutations_of(contract)))
    if not total:
        return
    progress, problems = ProgressLine(console(sys.stderr), "mutant", total), 0
    began = time.monotonic()
    for done, each in enumerate(prove(contract, cases, chosen=chosen), 1):
        yield each
        problems += each.verdict in _BAD
        progress.advance(problems, "problem")
        if contract.prefix and time.monotonic() - began > _LONG_S and done < total:
            name = contract.operation.id
            why = f"{total - done} of its {total} mutants are left out"
            click.echo(f"note: {name} takes over {_LONG_S} s: {why}", err=True)
            break
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
    """Yield the mutants of a verdict and why; of a harmless one, alike ones as one."""

    def key(result: MutationResult) -> tuple[str, str]:
        mutation = result.mutation
        is_rule = mutation.kind == MutationKind.CONTEXT and verdict not in _BAD
        return mutation.rules[0] if is_rule else mutation.id, result.reason

    for (name, reason), group in groupby(
        (it for it in results if it.verdict == verdict), key=key
    ):
        alike = list(group)
        several = f"{name} in {len(alike)} contexts"
        yield alike[0].mutation.id if len(alike) == 1 else several, reason
