"""Reports of a very bad run: how long each takes to write, and how large it is.

By hand: `python -m tests.benchmarks.bench_reports [RESULTS]`. The run is made up: our
own cases over and over, 5,000 of them failing, each with an answer of its own of 2 KB.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

from tests.benchmarks.results import arguments, note, show

from ringspec.harness import (
    Conclusion,
    ContractName,
    Counts,
    Ended,
    Event,
    Exchange,
    Finding,
    Judged,
    Outcome,
    Response,
    Result,
    RuleResult,
    Started,
    Verdict,
)
from ringspec.reports import FORMATS, Recorder, Redactor, rendered
from ringspec.spec import Contract, Level, load
from ringspec.strategies import Case, Expect, Phase, cases_of

FAILURES = 5000
ANSWER = 2048
GOALS = {"seconds": 5, "megabytes": 20}
URL = "http://127.0.0.1:8080"
TOKEN = "a-token-of-the-benchmark"


def answer(case: Case, number: int) -> Response:
    """Return an answer of about 2 KB that tells of its request and echoes the token."""
    told: dict[str, Any] = {
        "broadcastId": f"{number:08x}-0000-4000-8000-000000000000",
        "state": "draft",
        "trace": f"Bearer {TOKEN}" if number % 10 == 0 else "none",
        "received": case.request.body.decode("latin-1"),
        "log": [],
    }
    while len(json.dumps(told)) < ANSWER:
        step = len(told["log"])
        told["log"].append(f"step {step} of {number}: looked at “{case.rule}”")
    return Response(
        status=201,
        headers=(
            ("date", "Tue, 24 Nov 2026 15:10:00 GMT"),
            ("content-type", "application/json; charset=utf-8"),
            ("x-request-id", f"{number:032x}"),
        ),
        body=json.dumps(told, ensure_ascii=False).encode(),
    )


def judged_of(case: Case, number: int, twin: Case | None) -> Judged:
    """Return a case that was fired for the n-th time, and failed."""
    again = replace(case, id=f"{case.id}/{number}")
    exchange = Exchange(
        url=URL + again.request.path,
        request=again.request,
        response=answer(again, number),
        began_s=1_800_000_000 + number / 100,
        elapsed_s=0.01,
    )
    found = Finding(
        rule=again.rule,
        verdict=Verdict.FAIL,
        reason="an invalid body was accepted with HTTP 201",
        level=Level.MUST,
        gate=Level.MUST,
        case=again,
        exchange=exchange,
        twin=twin,
    )
    return Judged(case=again, exchange=exchange, findings=(found,))


def events(contract: Contract) -> list[Event]:
    """Return the events of the run."""
    cases = {each.id: each for each in cases_of(contract, 0)}
    rejects = [
        each
        for each in cases.values()
        if each.expect is Expect.REJECT and each.phase is Phase.CASES
    ]
    judged = [
        judged_of(each, number, cases.get(each.twin or ""))
        for number, each in enumerate(islice(cycle(rejects), FAILURES))
    ]
    findings = [each for told in judged for each in told.findings]
    rules = tuple(
        RuleResult(
            rule=rule,
            outcome=Outcome.FAIL if mine else Outcome.PASS,
            cases=len(mine) or 1,
            failures=mine,
        )
        for rule in contract.rules.values()
        for mine in [tuple(each for each in findings if each.rule == rule.id)]
    )
    result = Result(
        conclusion=Conclusion.NONCONFORMANT,
        exit_code=1,
        level=Level.MAY,
        rules=rules,
        counts=Counts(rules=len(rules), cases=FAILURES, requests=FAILURES),
        duration_s=60,
        message="made up",
    )
    started = Started(
        contract=ContractName.of(contract),
        target=URL,
        level=Level.MAY,
        seed=0,
        total=FAILURES,
    )
    return [started, *judged, Ended(result=result)]


def main() -> None:
    """Write each report, print and note what it took."""
    asked = arguments(__doc__ or "")
    recorder = Recorder(Redactor([TOKEN, TOKEN[:-1], TOKEN.swapcase(), "a-secret-too"]))
    for event in events(load()):
        recorder.handle(event)
    began = time.perf_counter()
    record = recorder.record
    rows: list[tuple[str, float, float]] = [
        ("redaction", round(time.perf_counter() - began, 2), 0)
    ]
    for name in FORMATS:
        began = time.perf_counter()
        data = rendered(name, record)
        took = time.perf_counter() - began
        rows.append((name, round(took, 2), round(len(data) / 1e6, 2)))
    show(("report", "seconds", "MB"), rows)
    note(
        asked.results,
        "reports",
        {
            "failures": FAILURES,
            "goals": GOALS,
            "rows": [
                {"report": name, "seconds": seconds, "megabytes": size}
                for name, seconds, size in rows
            ],
        },
    )


if __name__ == "__main__":
    main()
