"""`ringspec prove`: whether the case list tells every mutant of its contract."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

import click

from ringspec.cli.options import Given, selected, subcommand
from ringspec.reports import ProgressLine, console, print_template
from ringspec.spec import Contract, Json, RuleId, UsageError
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
_VERDICTS = tuple(MutationVerdict)
_BAD = frozenset({MutationVerdict.UNTOLD, MutationVerdict.UNDECIDED})
# A mutant's cases are named up to here.
_NAMED = 5


@subcommand("prove")
def command(given: Given) -> int:
    """Prove that the cases tell each mutant of the contract; nothing is sent."""
    contract, selection = selected(given)
    cases = [
        case for case in cases_of(contract, given.seed) if case.phase == Phase.CASES
    ]
    results = tuple(_results(contract, frozenset(selection.rules), cases))
    # Few cases that tell all that any case tells.
    enough = fewest({each.mutation.id: each.cases for each in results}, cases)
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
        "cases": len(cases),
        "enough": list(enough),
        "mutants": list(map(_json, results)),
    }
    if given.shape == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False).encode())
    else:
        print_template(
            console(sys.stdout),
            "proof.txt",
            found=document,
            dialect=contract.dialect,
            quick=given.quick,
            entries={each: list(_entries(results, each)) for each in _VERDICTS[1:]},
        )
    return int(any(each.verdict in _BAD for each in results))


def _results(
    contract: Contract, rules: frozenset[RuleId], cases: list[Case]
) -> Iterator[MutationResult]:
    """Yield a result for each mutant of some rules, and show how many are done."""

    def chosen(mutation: Mutation) -> bool:
        return not rules.isdisjoint(mutation.rules)

    total = sum(map(chosen, mutations_of(contract)))
    if not total:
        raise UsageError(
            "no mutant of the contract concerns the selected rules",
            hint="select rules on the body: `ringspec rules` shows their places",
        )
    progress, problems = ProgressLine(console(sys.stderr), "mutant", total), 0
    for each in prove(contract, cases, chosen=chosen):
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
