from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType

import pytest

from ringspec.harness import Conclusion, Ended, Notice, Outcome, Response, Verdict
from ringspec.reports import Recorder, Redactor, rendered
from ringspec.spec import InternalError

SECRET = 's3"crét/+'


@pytest.mark.parametrize("name", ["json", "junit"])
def test_echoed_secret_is_in_no_report(sample: ModuleType, name: str) -> None:
    redactor = Redactor()
    recorder = Recorder(redactor)
    case = sample.case("a.b/1", b"{}")
    body = json.dumps({"got": f"Bearer {SECRET}"}).encode() + SECRET.encode()
    answer = Response(status=201, headers=(("X", SECRET),), body=body)
    fired = replace(sample.exchange(case), response=answer)
    found = sample.finding(fired, case, Verdict.FAIL, f"got {SECRET}", case)
    rule = replace(sample.RULES[1], failures=(found,), why=SECRET)
    result = replace(sample.result(), rules=(rule,), message=SECRET, hint=SECRET)

    for event in (*sample.events()[:-1], Notice(message=SECRET), Ended(result=result)):
        recorder.handle(event)
    redactor.learn(SECRET)
    data = rendered(name, recorder.record).decode()

    assert "s3" not in data
    assert "[redacted]" in data


def test_failure_of_transport_is_redacted(sample: ModuleType) -> None:
    events = [Redactor(["within"]).event(each) for each in sample.events()]

    assert "within" not in repr(events[-1])


def test_password_in_the_target_is_redacted(sample: ModuleType) -> None:
    started = replace(sample.started(), target="https://me:pw@example.test/v1?a=b@c")

    redacted = Redactor().event(started)

    assert getattr(redacted, "target", "") == (
        "https://[redacted]@example.test/v1?a=b@c"
    )


def test_secret_within_a_secret_leaves_no_remains() -> None:
    assert Redactor(["abc", "abcdef", ""]).text("abcdef abc") == "[redacted] [redacted]"


def test_nothing_changes_without_secrets(sample: ModuleType) -> None:
    events = sample.events()

    assert [Redactor().event(each) for each in events] == events


def test_record_of_an_unfinished_run_is_our_bug(sample: ModuleType) -> None:
    recorder = Recorder()
    recorder.handle(sample.started())

    with pytest.raises(InternalError):
        _ = recorder.record


def test_record_holds_the_whole_run(sample: ModuleType) -> None:
    recorder = Recorder()
    for event in sample.events():
        recorder.handle(event)

    assert len(recorder.record.judged) == 8
    assert recorder.record.result.conclusion is Conclusion.NONCONFORMANT
    assert recorder.record.result.rules[0].outcome is Outcome.PASS
