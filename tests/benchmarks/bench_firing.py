"""Time a run against a bare loop that posts the same bytes, as a ratio.

Same client, same concurrency, same server, in turns. Run it by hand:
`python tests/benchmarks/bench_firing.py`.
"""

from __future__ import annotations

import asyncio
import statistics
import time

import httpx

from ringspec.harness.run import Plan, run
from ringspec.reference import Embedded
from ringspec.spec import Level, load
from ringspec.strategies import TOKEN, Case, cases_of

ROUNDS = 7
WORKERS = 4


async def bare(url: str, token: str, cases: tuple[Case, ...]) -> None:
    """Post each body, read each answer, judge nothing."""
    limits = httpx.Limits(max_connections=WORKERS)
    async with httpx.AsyncClient(limits=limits, timeout=5, trust_env=False) as client:
        turns = iter(cases)

        async def work() -> None:
            for case in turns:
                headers = [
                    (name, value.replace(TOKEN, token))
                    for name, value in case.request.headers
                ]
                answer = await client.request(
                    case.request.method,
                    url + case.request.path,
                    headers=headers,
                    content=case.request.body,
                )
                await answer.aread()

        await asyncio.gather(*(work() for _ in range(WORKERS)))


def main() -> None:
    """Print both times and their ratio, median of some rounds."""
    contract = load()
    cases = cases_of(contract)
    ratios: list[float] = []
    with Embedded() as server:
        plan = Plan(
            contract=contract,
            cases=cases,
            url=server.url,
            token=server.token,
            level=Level.MAY,
            workers=WORKERS,
        )
        for _ in range(ROUNDS):
            began = time.perf_counter()
            asyncio.run(bare(server.url, server.token, cases))
            loop_s = time.perf_counter() - began
            began = time.perf_counter()
            for _event in run(plan):
                pass
            run_s = time.perf_counter() - began
            ratios.append(run_s / loop_s)
            print(f"bare {loop_s:.3f} s   run {run_s:.3f} s   {ratios[-1]:.2f}")  # noqa: T201 - it is a command
    print(f"median ratio {statistics.median(ratios):.2f} (goal: 1.25)")  # noqa: T201


if __name__ == "__main__":
    main()
