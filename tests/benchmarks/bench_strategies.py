"""Valid bodies a second: ours, and schemathesis' on the same contract.

By hand: `python tests/benchmarks/bench_strategies.py [BODIES]`. Both draw the body of
the contract's create inside `@given`, on one core, one after the other.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from ringspec.spec import OURS, load
from ringspec.strategies import valid_bodies

GOAL = 20


def rate(strategy: SearchStrategy[Any], bodies: int) -> float:
    """Draw so many bodies and return how many that is a second."""
    drawn = 0

    @settings(
        max_examples=bodies,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        # Nothing here fails for being slow: how slow it is, is the question.
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(_body: Any) -> None:
        nonlocal drawn
        drawn += 1

    begun = time.perf_counter()
    draw()
    return drawn / (time.perf_counter() - begun)


def main() -> None:
    """Print both rates and how they compare."""
    bodies = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    contract = load()
    place = contract.operation
    theirs = schemathesis.openapi.from_path(OURS)[place.path][place.method.upper()]
    for strategy in (valid_bodies(), theirs.as_strategy()):
        rate(strategy, 20)  # whatever is made once is made now
    ours_rate = rate(valid_bodies(), bodies)
    their_rate = rate(theirs.as_strategy(), bodies // 5)
    # ruff: noqa: T201 - a benchmark prints
    print(f"ringspec      {ours_rate:8.0f} valid bodies a second")
    print(f"schemathesis  {their_rate:8.0f}")
    print(f"ratio         {ours_rate / their_rate:8.1f} (goal {GOAL})")


if __name__ == "__main__":
    main()
