"""Time a run against a bare loop that posts the same bytes, as a ratio.

Same client, same concurrency, same server, in turns. By hand:
`python -m tests.benchmarks.bench_firing [RESULTS]`.
"""

from __future__ import annotations

import asyncio
import statistics
import time

import httpx
from tests.benchmarks.results import arguments, note, show

from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.pacer import Pacing
from ringspec.reference import Embedded
from ringspec.spec import Level, load
from ringspec.strategies import Case, Phase, cases_of

ROUNDS = 7
GOAL = 1.25
WORKERS = 4


async def bare(url: str, filling: Filling, cases: tuple[Case, ...]) -> None:
    """Post each body, read each answer, judge nothing."""
    limits = httpx.Limits(max_connections=WORKERS)
    async with httpx.AsyncClient(limits=limits, timeout=5, trust_env=False) as client:
        turns = iter(cases)

        async def work() -> None:
            for case in turns:
                headers = [
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in filling.headers(case.request)
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
    """Print and note both times and their ratio, medians of some rounds."""
    asked = arguments(__doc__ or "")
    contract = load()
    cases = tuple(each for each in cases_of(contract) if each.phase is Phase.CASES)
    rounds: list[tuple[float, float, float]] = []
    with Embedded() as server:
        filling = Filling(token=server.token)
        plan = Plan(
            contract=contract,
            cases=cases,
            url=server.url,
            filling=filling,
            phases=frozenset({Phase.CASES}),
            level=Level.MAY,
            pacing=Pacing(workers=WORKERS),
        )
        for _ in range(ROUNDS):
            began = time.perf_counter()
            asyncio.run(bare(server.url, filling, cases))
            loop_s = time.perf_counter() - began
            began = time.perf_counter()
            for _event in run(plan):
                pass
            run_s = time.perf_counter() - began
            rounds.append((loop_s, run_s, run_s / loop_s))
    bare_s, run_s, ratio = (
        round(statistics.median(each), 3) for each in zip(*rounds, strict=True)
    )
    figures = {"cases": len(cases), "bare_s": bare_s, "run_s": run_s, "ratio": ratio}
    note(asked.results, "firing", {**figures, "goal": GOAL})
    show(
        ("cases", "bare loop, s", "run, s", "ratio", "goal"),
        [(len(cases), bare_s, run_s, ratio, GOAL)],
    )


if __name__ == "__main__":
    main()
