from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringspec.harness import Notice
from ringspec.reports import EventStream, Record, Redactor, rendered
from ringspec.spec import ReportError


def lines(data: bytes) -> list[dict[str, Any]]:
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


def streamed(path: Path, sample: ModuleType) -> list[dict[str, Any]]:
    stream = EventStream(path)
    for event in sample.events():
        stream.handle(event)
    stream.close()
    stream.check()
    return lines(path.read_bytes())


def test_requests_and_answers_are_whole(tmp_path: Path, sample: ModuleType) -> None:
    told = streamed(tmp_path / "r.ndjson", sample)

    by_case = {each["case"]: each for each in told if each["event"] == "judged"}
    nul = by_case["robustness/nul"]
    assert base64.b64decode(nul["request"]["body_base64"]) == b'{"name":"\x00\xff"}'
    assert nul["response"]["trouble"] == "timeout"
    assert by_case["delays.count/2"]["response"]["body"] == sample.HOSTILE.decode()


def test_secrets_are_redacted(tmp_path: Path, sample: ModuleType) -> None:
    path = tmp_path / "r.ndjson"
    stream = EventStream(path, Redactor(["hush-hush"]))

    stream.handle(Notice(message="the token is hush-hush"))
    stream.close()

    assert lines(path.read_bytes()) == [
        {"event": "notice", "message": "the token is [redacted]"}
    ]


@pytest.mark.parametrize(
    ("path", "why"), [("none/r", "No such file"), (".", "directory")]
)
def test_path_that_cannot_be_opened_is_told_at_the_end(
    tmp_path: Path, sample: ModuleType, path: str, why: str
) -> None:
    stream = EventStream(tmp_path / path)

    for event in sample.events():
        stream.handle(event)
    stream.close()

    with pytest.raises(ReportError, match="the ndjson report cannot be .*" + why):
        stream.check()


@pytest.mark.parametrize("then", [Path.exists, Path.touch], ids=["gone", "another"])
def test_file_that_was_removed_meanwhile_is_told(
    tmp_path: Path, sample: ModuleType, then: Callable[[Path], object]
) -> None:
    path = tmp_path / "r.ndjson"
    stream = EventStream(path)
    first, *others = sample.events()
    stream.handle(first)
    path.unlink()
    then(path)
    for event in others:
        stream.handle(event)
    stream.close()

    with pytest.raises(ReportError, match="it was removed during the run"):
        stream.check()


def test_interrupt_on_the_way_to_the_file_loses_nothing(
    tmp_path: Path, sample: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.ndjson"
    redactor = Redactor()
    stream = EventStream(path, redactor)
    first, second, third, *_ = sample.events()
    stream.handle(first)

    def strike(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(redactor, "event", strike)
        with pytest.raises(KeyboardInterrupt):
            stream.handle(second)
    stream.handle(third)
    stream.close()

    kinds = [each["event"] for each in lines(path.read_bytes())]
    assert kinds == ["started", "judged", "notice"]


def test_answers_of_a_very_long_run_are_cut_short(sample: ModuleType) -> None:
    case = sample.case("a.b/1", b"{}")
    fired = sample.exchange(case, 200, b"x" * 15_000)
    record = _record(sample, fired, 700)

    told = lines(rendered("ndjson", record))

    sizes = [len(each["response"]["body"]) for each in told[1:-1]]
    assert sizes[0] == 15_000
    assert sizes[-1] == 512
    assert told[-2]["response"]["size"] == 15_000
    assert sizes == sorted(sizes, reverse=True)


def _record(sample: ModuleType, fired: Any, number: int) -> Record:
    judged = replace(sample.events()[1], exchange=fired)
    return Record(
        started=sample.started(),
        judged=(judged,) * number,
        notices=(),
        result=sample.result(),
    )
