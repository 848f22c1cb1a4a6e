"""Bodies a second: ours, and schemathesis' on the same contract, and are they so.

By hand: `python -m tests.benchmarks.bench_strategies [RESULTS]`. Both draw the body of
the contract's create inside `@given`, on one core, one after the other. Afterwards
jsonschema judges whether each is what it was called.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from tests.benchmarks.results import arguments, note, show

from ringspec.spec import OURS, Contract, load
from ringspec.strategies import Invalid, invalid_bodies, valid_bodies

OURS_BODIES, THEIR_BODIES = 500, 200
GOAL = 20


@dataclass(frozen=True)
class Drawn:
    """What a strategy gave, and how long it took."""

    bodies: list[Any]
    seconds: float

    @property
    def rate(self) -> float:
        """Return how many bodies that is a second."""
        return len(self.bodies) / self.seconds


def drawn(strategy: SearchStrategy[Any], number: int) -> Drawn:
    """Draw so many bodies."""
    bodies: list[Any] = []

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        # Nothing here fails for being slow: how slow it is, is the question.
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(body: Any) -> None:
        bodies.append(body)

    begun = time.perf_counter()
    draw()
    return Drawn(bodies, time.perf_counter() - begun)


def body_of(made: Any) -> Any:
    """Take the body out of whatever a strategy gives."""
    return made.body if isinstance(made, Invalid | schemathesis.Case) else made


def judged(contract: Contract) -> Callable[[Any], bool]:
    """Return what tells whether a body is valid, by jsonschema."""
    validator = jsonschema.Draft202012Validator(
        contract.request.schema,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )

    def valid(body: Any) -> bool:
        # What is no JSON at all, such as bytes or no body, is not valid either.
        is_json = isinstance(body, dict | list | str | int | float | bool | None)
        return is_json and bool(validator.is_valid(body))

    return valid


def main() -> None:
    """Print and note the rates, and the shares that are what they are called."""
    asked = arguments(__doc__ or "")
    contract = load()
    place = contract.operation
    theirs = schemathesis.openapi.from_path(OURS)[place.path][place.method.upper()]
    valid = judged(contract)
    figures: dict[str, Any] = {"goal": GOAL}
    for kind, mine, mode in (
        ("valid", valid_bodies(), GenerationMode.POSITIVE),
        ("invalid", invalid_bodies(), GenerationMode.NEGATIVE),
    ):
        their = theirs.as_strategy(generation_mode=mode)
        for strategy in (mine, their):
            drawn(strategy, 20)  # whatever is made once is made now
        for name, got in (
            ("ringspec", drawn(mine, OURS_BODIES)),
            ("schemathesis", drawn(their, THEIR_BODIES)),
        ):
            true = [valid(body_of(each)) == (kind == "valid") for each in got.bodies]
            figures.setdefault(kind, {})[name] = {
                "bodies": len(got.bodies),
                "a_second": round(got.rate, 1),
                "true": round(sum(true) / len(true), 4),
            }
        rates = figures[kind]
        ratio = rates["ringspec"]["a_second"] / rates["schemathesis"]["a_second"]
        figures[kind]["ratio"] = round(ratio, 1)
    note(asked.results, "generation", figures)
    show(
        ("bodies", "ringspec /s", "schemathesis /s", "ratio", "true", "true, theirs"),
        [
            (
                kind,
                figures[kind]["ringspec"]["a_second"],
                figures[kind]["schemathesis"]["a_second"],
                figures[kind]["ratio"],
                f"{figures[kind]['ringspec']['true']:.1%}",
                f"{figures[kind]['schemathesis']['true']:.1%}",
            )
            for kind in ("valid", "invalid")
        ],
    )


if __name__ == "__main__":
    main()
