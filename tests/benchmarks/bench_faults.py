"""Count how a run holds its verdict while what lies between errs, a thousand times.

The reference is run against by way of a proxy that disturbs about one request in five,
then some mutants, with and without it. By hand:
`python -m tests.benchmarks.bench_faults`.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from urllib.parse import urlsplit

import click
from tests.faults.proxy import HEAVY, LIGHT, disturbing

from ringspec.harness import Ended, Outcome, Result
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.placeholders import Filling
from ringspec.reference import Embedded
from ringspec.spec import Level, load
from ringspec.strategies import cases_of

FAULTS = 1000
MUTANTS = (
    "retry-delays-count-unchecked",
    "only-last-delay-bounded",
    "bad-gateway-on-invalid",
)


def result_of(server: Embedded, url: str) -> Result:
    """Run at the lowest level, whoever stands between."""
    contract = load()
    filling = Filling(
        token=server.token,
        token_url=f"{url}{urlsplit(server.token_url).path}",
        client_id=server.client_id,
        client_secret=server.client_secret,
    )
    plan = Plan(
        contract=contract,
        cases=cases_of(contract),
        url=url,
        filling=filling,
        level=Level.MAY,
    )
    ended = [event for event in run(plan) if isinstance(event, Ended)]
    return ended[0].result


def failing(result: Result) -> set[str]:
    """Return the rules that fail."""
    return {str(each.rule.id) for each in result.rules if each.outcome == Outcome.FAIL}


def steady(rates: dict[str, float], faults: int) -> bool:
    """Run against the reference until so many faults came about; tell of each run."""
    total: Counter[str] = Counter()
    seed, wrong = 0, 0
    with Embedded() as server:
        port = urlsplit(server.url).port or 0
        while total.total() < faults:
            seed += 1
            began = time.perf_counter()
            with disturbing(port, rates, seed) as (url, done):
                found = result_of(server, url)
            total += done
            wrong += bool(failing(found))
            open_ = [str(r.rule.id) for r in found.rules if r.outcome == "inconclusive"]
            took = time.perf_counter() - began
            click.echo(
                f"seed {seed}: {found.conclusion}, {done.total()} faults in"
                f" {found.counts.requests} requests, {took:.1f} s,"
                f" failing {sorted(failing(found))}, open {open_}"
            )
    click.echo(
        f"{total.total()} faults {dict(total)}: {wrong} of {seed} runs accuse it"
    )
    return not wrong


def noticed(name: str) -> bool:
    """Tell whether a mutant fails by the same rules, disturbed or not."""
    with Embedded(mutant=name) as server:
        plain = failing(result_of(server, server.url))
        with disturbing(urlsplit(server.url).port or 0, HEAVY, 1) as (url, done):
            disturbed = failing(result_of(server, url))
    click.echo(
        f"{name}: {sorted(plain)}, disturbed {done.total()} times {sorted(disturbed)}"
    )
    return plain == disturbed and bool(plain)


def main() -> None:
    """Print all of it; exit with 1 where a verdict did not hold."""
    held = [steady(LIGHT, FAULTS // 10), steady(HEAVY, FAULTS)]
    held += [noticed(name) for name in MUTANTS]
    sys.exit(not all(held))


if __name__ == "__main__":
    main()
