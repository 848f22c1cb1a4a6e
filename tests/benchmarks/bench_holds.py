"""What a rule in CEL adds to the proof of a body, by both evaluators.

By hand: `python -m tests.benchmarks.bench_holds [RESULTS]`. Each body of the lists of
the contracts in `tests/general/holds` is proven with the rule and without, once each.
"""

from __future__ import annotations

import time
from statistics import mean
from typing import Any

from tests.benchmarks.results import arguments, note, show
from tests.general.holding import FOLDER, KINDS

from ringspec.spec import Contract, load_each
from ringspec.spec.operations import Wanted
from ringspec.spec.overrides import Overrides
from ringspec.spec.proof import Prover
from ringspec.strategies import Expect, cases_of

GOAL_MS = 10


def read(name: str) -> Contract:
    """Read a contract, with its pack if it has one."""
    pack = FOLDER / f"{name}.pack.yaml"
    packs = Overrides(packs=(str(pack),) if pack.exists() else ())
    (contract, *_), _ = load_each(FOLDER / f"{name}.yaml", Wanted(), overrides=packs)
    return contract


def spent(prover: Prover, bodies: list[Any]) -> float:
    """Return the milliseconds that the proof of a body takes."""
    begun = time.perf_counter()
    for body in bodies:
        for quick in (True, False):
            prover.breaches_by(body, quick=quick)
    return (time.perf_counter() - begun) * 1000 / len(bodies)


def main() -> None:
    """Print and note the milliseconds by contract, and the worst of them."""
    asked = arguments(__doc__ or "")
    rows = []
    for name in KINDS:
        contract = read(name)
        # Others are sent to see whether they are survived.
        cases = [it for it in cases_of(contract) if it.expect is not Expect.SURVIVE]
        bodies = [each.body for each in cases]
        bare = Prover(contract.request.schema, contract.assertions, contract.chosen)
        provers = (bare, contract.prover)
        for each in provers:
            spent(each, bodies[:1])  # what is compiled once is compiled now
        without, with_rule = (spent(each, bodies) for each in provers)
        rows.append((name, len(bodies), without, with_rule, with_rule - without))
    added = [row[-1] for row in rows]
    figures = {"goal_ms": GOAL_MS, "worst_ms": max(added), "mean_ms": mean(added)}
    note(asked.results, "holds", {it: round(figures[it], 2) for it in figures})
    show(
        ("contract", "bodies", "ms without", "ms with", "added"),
        [(*row[:2], *(f"{it:.2f}" for it in row[2:])) for row in rows],
    )


if __name__ == "__main__":
    main()
