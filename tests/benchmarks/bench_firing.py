"""Time a run against a bare loop that posts the same bytes, as a ratio.

Same concurrency, same server, in a process of its own, in turns. The loop has its
bytes ready and its client open before the clock starts; the run does all that it does
between a plan and its result. CPU is that of this process, which others disturb less.
By hand: `python -m tests.benchmarks.bench_firing [RESULTS]`.
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
from ringspec.strategies import Phase, cases_of

ROUNDS = 15
GOAL = 1.05
WORKERS = 4
Sent = tuple[str, str, list[tuple[bytes, bytes]], bytes]


async def bare(sent: list[Sent]) -> tuple[float, float]:
    """Post each body, read each answer, judge nothing; return seconds, and of CPU."""
    limits = httpx.Limits(max_connections=WORKERS)
    async with httpx.AsyncClient(limits=limits, timeout=5, trust_env=False) as client:
        turns = iter(sent)

        async def work() -> None:
            for method, url, headers, body in turns:
                await client.request(method, url, headers=headers, content=body)

        began = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work() for _ in range(WORKERS)))
        return time.perf_counter() - began[0], time.process_time() - began[1]


def judged(plan: Plan) -> tuple[float, float]:
    """Run a plan; return seconds, and of CPU."""
    began = time.perf_counter(), time.process_time()
    for _event in run(plan):
        pass
    return time.perf_counter() - began[0], time.process_time() - began[1]


def main() -> None:
    """Print and note times and ratios, medians of some rounds."""
    asked = arguments(__doc__ or "")
    contract = load()
    cases = tuple(each for each in cases_of(contract) if each.phase is Phase.CASES)
    rounds: list[tuple[float, ...]] = []
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
        sent: list[Sent] = [
            (
                it.method,
                server.url + it.path,
                [
                    (name.encode(), value.encode())
                    for name, value in filling.headers(it)
                ],
                it.body,
            )
            for it in (case.request for case in cases)
        ]
        judged(plan)  # what is loaded at first is no part of firing
        for _ in range(ROUNDS):
            (bare_s, bare_cpu), (run_s, run_cpu) = asyncio.run(bare(sent)), judged(plan)
            rounds.append((bare_s, run_s, run_s / bare_s, run_cpu / bare_cpu))
    bare_s, run_s, ratio, cpu_ratio = (
        round(statistics.median(each), 3) for each in zip(*rounds, strict=True)
    )
    times = {"bare_s": bare_s, "run_s": run_s}
    figures = {"cases": len(cases), **times, "ratio": ratio, "cpu_ratio": cpu_ratio}
    note(asked.results, "firing", {**figures, "goal": GOAL})
    show(
        ("cases", "bare loop, s", "run, s", "ratio", "of CPU", "goal"),
        [(*figures.values(), GOAL)],
    )


if __name__ == "__main__":
    main()
