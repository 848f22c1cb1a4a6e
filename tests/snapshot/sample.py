"""A hand-made run: every outcome, a twin with a patch, and a hostile answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ringspec.harness import (
    Conclusion,
    ContractName,
    Counts,
    Ended,
    Event,
    Exchange,
    Failure,
    Finding,
    Judged,
    Known,
    Notice,
    Outcome,
    Response,
    Result,
    RuleResult,
    Stale,
    Started,
    Trouble,
    Verdict,
)
from ringspec.spec import Evidence, Json, Level, Rule, RuleId, load
from ringspec.strategies import Case, Expect, Request, Slot, encode

URL = "http://127.0.0.1:8080"
HOSTILE = (
    '{"error": "[red]boom[/red] \x1b[2J\x1b]0;owned\x07 \u202egnp.exe\u202c \x00 '
    "]]> <b>&amp; '\" \U0001f600 " + "long " * 400 + '"}'
).encode()


def rule(name: str, level: Level, evidence: Evidence, sentence: str) -> Rule:
    return Rule(
        id=RuleId(name),
        level=level,
        evidence=evidence,
        sentence=sentence,
        source="https://docs.naxai.com/reference/voicebroadcastcreate, retryDelays",
        places=("#/paths/x", "#/paths/y"),
    )


def case(name: str, body: bytes, level: Level = Level.MUST, **more: Json) -> Case:
    expect = Expect.REJECT if more.get("fault") else Expect.ACCEPT
    return Case(
        id=name,
        rule=RuleId(name.partition("/")[0]),
        level=level,
        expect=expect,
        status=(400, 422) if expect is Expect.REJECT else ("2xx",),
        request=Request(
            method="POST",
            path="/broadcasts",
            headers=(
                ("Content-Type", "application/json"),
                ("Authorization", f"Bearer {Slot.TOKEN}"),
            ),
            body=body,
        ),
        **more,
    )


def exchange(
    sent: Case, status: int = 201, body: bytes = b"{}", error: str = ""
) -> Exchange:
    response = Response(
        status=status,
        headers=(("content-type", "application/json"), ("Vary", "a"), ("vary", "b")),
        body=body,
    )
    failure = Failure(trouble=Trouble.TIMEOUT, message=error)
    return Exchange(
        url=URL + sent.request.path,
        request=sent.request,
        response=None if error else response,
        failure=failure if error else None,
        elapsed_s=0.004,
    )


def finding(
    fired: Exchange,
    of: Case,
    verdict: Verdict,
    reason: str = "",
    twin: Case | None = None,
) -> Finding:
    return Finding(
        rule=of.rule,
        verdict=verdict,
        reason=reason,
        level=of.level,
        gate=of.level,
        case=of,
        exchange=fired,
        twin=twin,
    )


PLAIN = {"name": "It's \U0001f600", "retries": 1, "delays": [5], "flow": {"say": "a"}}
TWIN = case("body.accepted/plain", encode(PLAIN))
MANY = tuple(
    case(
        f"delays.count/{number}",
        encode({**PLAIN, "retries": number, "note": "x\n" * number}),
        twin=TWIN.id,
        fault=(
            {"op": "replace", "path": "/retries", "value": number},
            {"op": "add", "path": "/note", "value": "x\n" * number},
            {"op": "remove", "path": "/delays/0"},
        ),
        broken=(RuleId("delays.count"),),
    )
    for number in (2, 3, 4)
)
HANGS = case("robustness/nul", b'{"name":"\x00\xff"}', fault={"bytes": "NUL\x1b"})
LATE = case(
    "voice.enum/martian",
    encode({**PLAIN, "voice": "martian"}),
    Level.SHOULD,
    twin=TWIN.id,
    fault=({"op": "add", "path": "/voice", "value": "martian"},),
)
ORPHANS = tuple(
    case(
        f"{name}/absent",
        encode({}),
        twin="body.accepted/file",
        fault=({"op": "remove", "path": "/name"},),
    )
    for name in ("file.required", "file.type")
)

PASSED = exchange(TWIN)
ACCEPTED = tuple(exchange(each, 201, HOSTILE) for each in MANY)
SILENT = exchange(HANGS, error="nothing came within 5 s")
TAKEN = exchange(LATE, 201, b'{\n  "id": 1\n}')
REFUSED = tuple(exchange(each, 400, b'{"error":"no"}') for each in ORPHANS)

FAILS = tuple(
    finding(fired, of, Verdict.FAIL, "an invalid body was accepted \x1b[31m", TWIN)
    for fired, of in zip(ACCEPTED, MANY, strict=True)
)
HUNG = finding(SILENT, HANGS, Verdict.FAIL, "no answer in time")
WARNED = finding(TAKEN, LATE, Verdict.FAIL, "an invalid body was accepted", TWIN)
UNSURE = tuple(
    finding(fired, of, Verdict.INCONCLUSIVE, "its twin was not accepted (HTTP 400)")
    for fired, of in zip(REFUSED, ORPHANS, strict=True)
)

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
DOCUMENTED, WITNESSED = Evidence.DOCUMENTED, Evidence.WITNESSED
RULES = (
    RuleResult(
        rule=rule("body.accepted", MUST, DOCUMENTED, "A valid body is accepted."),
        outcome=Outcome.PASS,
        cases=1,
    ),
    RuleResult(
        rule=rule(
            "delays.count", MUST, DOCUMENTED, "There are as many delays as redials."
        ),
        outcome=Outcome.FAIL,
        cases=3,
        failures=FAILS,
    ),
    *(
        RuleResult(
            rule=rule(each.rule, MUST, DOCUMENTED, "The file is there."),
            outcome=Outcome.INCONCLUSIVE,
            cases=1,
            inconclusive=(each,),
        )
        for each in UNSURE
    ),
    RuleResult(
        rule=rule("voice.enum", SHOULD, WITNESSED, "The voice is man or woman."),
        outcome=Outcome.PASS,
        cases=1,
        failures=(WARNED,),
    ),
    RuleResult(
        rule=rule(
            "auth.token", SHOULD, WITNESSED, "Without a valid token the answer is 401."
        ),
        outcome=Outcome.NOT_APPLICABLE,
        why="the target asks for no token",
    ),
    RuleResult(
        rule=rule("voice.unique", MAY, Evidence.ASSUMED, "Keys are unique."),
        outcome=Outcome.SKIPPED,
        why="deselected",
    ),
    RuleResult(
        rule=rule("robustness", MUST, DOCUMENTED, "Whatever is sent, an answer comes."),
        outcome=Outcome.FAIL,
        cases=8,
        failures=(HUNG,),
    ),
    RuleResult(
        rule=rule("name.length", MUST, DOCUMENTED, "A name has 100 characters."),
        outcome=Outcome.UNTESTED,
        cases=1,
        why="no value is known that breaks it",
    ),
)


def result() -> Result:
    return Result(
        conclusion=Conclusion.NONCONFORMANT,
        level=MUST,
        rules=RULES,
        counts=Counts(rules=9, cases=9, requests=10, untested=1),
        duration_s=1.9412,
        message="2 rules fail, the first is delays.count",
        hint="fire one again with: ringspec replay delays.count/2",
    )


def clean() -> Result:
    return replace(
        result(),
        conclusion=Conclusion.CONFORMANT,
        rules=(RULES[0], RULES[-1]),
        message="",
        hint="",
    )


KNOWN = Known(
    id="delays.count",
    reason="they are at it \x1b[31m",
    issue="https://tracker.example/7",
    owner="me",
    expires=date(2027, 1, 31),
)


def excused() -> Result:
    """Let one rule fail as is known, and another known failure be stale."""
    rules = tuple(
        replace(each, known=(KNOWN,), otherwise=Outcome.PASS)
        if each.rule.id == KNOWN.id
        else each
        for each in RULES
    )
    stale = Stale(known=replace(KNOWN, id="voice.enum/x"), why="it fails no more")
    return replace(result(), rules=rules, stale=(stale,))


def started() -> Started:
    contract = replace(
        load(), title="Sample API", version="2023-03-25", sha256="0" * 64
    )
    return Started(
        contract=ContractName.of(contract), target=URL, level=MUST, seed=7, total=8
    )


def events(ended: Result | None = None) -> list[Event]:
    found = (*FAILS, WARNED, *UNSURE, HUNG)
    return [
        started(),
        Judged(
            case=TWIN, exchange=PASSED, findings=(finding(PASSED, TWIN, Verdict.PASS),)
        ),
        Notice(message="the target answers slowly"),
        *(
            Judged(case=each.case, exchange=each.exchange, findings=(each,))
            for each in found
        ),
        Ended(result=ended or result()),
    ]
