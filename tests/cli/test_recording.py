"""`ringspec serve --record`: clients are judged, request by request and in the end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from ringspec.cli import main
from ringspec.reports.json_report import SCHEMA

from ..plain import PLAIN  # noqa: TID252 - tests are no distribution
from .conftest import BREAK, WINDOWS

Started = Callable[..., subprocess.Popen[str]]


def announced(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    about: dict[str, str] = json.loads(process.stdout.readline())
    return about


def post(about: dict[str, str], **edits: Any) -> httpx.Response:
    return httpx.post(
        f"{about['url']}/voice/broadcasts",
        json={**PLAIN, **edits},
        headers={"Authorization": f"Bearer {about['token']}"},
        trust_env=False,
    )


@pytest.mark.parametrize(
    ("started", "sign"),
    [({}, signal.SIGINT), (WINDOWS, BREAK)],
    ids=["posix", "windows"],
    indirect=["started"],
)
def test_client_that_breaks_a_rule_fails_with_reports(
    started: Started, tmp_path: Path, sign: signal.Signals
) -> None:
    record, names = tmp_path / "record.ndjson", ("json", "html", "junit", "markdown")
    reports = [f"--report={name}={tmp_path / name}" for name in names]
    process = started("serve", "--port", "0", "--record", str(record), *reports)
    about = announced(process)

    answers = [
        post(about).status_code,
        post(about, retries=2, name=about["token"]).status_code,
        httpx.post(
            about["token_url"],
            data={
                "grant_type": "client_credentials",
                "client_id": about["client_id"],
                "client_secret": about["client_secret"],
            },
            trust_env=False,
        ).status_code,
        httpx.get(f"{about['url']}/nowhere", trust_env=False).status_code,
    ]
    process.send_signal(sign)
    out, err = process.communicate(timeout=60)

    assert answers == [201, 422, 200, 404]
    assert process.returncode == 1
    assert "FAIL retryDelays.count  MUST, 1 of 2 requests" in out
    assert "warn wire.path  MAY, 1 of 4 requests" in out
    assert "nonconformant: 1 rule broken" in out
    assert [line.split("  ", 1)[1] for line in err.splitlines()] == [
        "keeps to 42 rules",
        "breaks retryDelays.count",
        "keeps to 3 rules",
        "breaks wire.path",
    ]
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [each["number"] for each in lines] == [1, 2, 3, 4]
    assert lines[1]["broken"][0]["rule"] == "retryDelays.count"
    report = json.loads((tmp_path / "json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA.read_text()))
    assert (report["conclusion"], report["judged"]) == ("nonconformant", "clients")
    for path in (record, *(tmp_path / name for name in names)):
        text = path.read_text()
        assert about["token"] not in text
        assert about["client_secret"] not in text


def numbers(record: Path) -> list[int]:
    return [json.loads(line)["number"] for line in record.read_text().splitlines()]


def test_client_that_breaks_nothing_passes_and_the_record_grows_at_once(
    started: Started, tmp_path: Path
) -> None:
    record = tmp_path / "record.ndjson"
    record.write_text('{"number":0}\n')
    process = started("serve", "--port=0", "--record", str(record), "--level", "may")
    about = announced(process)

    post(about)
    assert process.stderr is not None
    process.stderr.readline()
    at_once = numbers(record)
    for _ in range(20):
        post(about)
    process.terminate()
    out, _ = process.communicate(timeout=60)

    assert at_once == [0, 1]
    assert numbers(record) == list(range(22))
    assert process.returncode == 0
    assert "conformant: 0 rules broken" in out


def test_nobody_came_is_inconclusive(started: Started, tmp_path: Path) -> None:
    process = started("serve", "--port=0", f"--report=json={tmp_path / 'r.json'}")
    announced(process)

    process.terminate()
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 3
    assert "no client sent anything" in out
    assert json.loads((tmp_path / "r.json").read_text())["conclusion"] == "inconclusive"


def test_record_on_a_full_disk_is_told_in_the_end(started: Started) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no device that is always full")
    process = started("serve", "--port=0", "--record=/dev/full")
    about = announced(process)

    status = post(about).status_code
    process.terminate()
    _, err = process.communicate(timeout=60)

    assert status == 201
    assert process.returncode == 2
    assert "cannot be written to /dev/full" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("host", "warned"),
    [("0.0.0.0", True), ("::", True), ("localhost", False), ("::1", False)],
)
def test_other_addresses_than_loopback_are_warned_of(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    warned: bool,  # noqa: FBT001 - parametrised
) -> None:
    served: list[str] = []
    monkeypatch.setattr(
        "ringspec.cli.serve_command.serve",
        lambda *_, **options: served.append(options["host"]),
    )

    with pytest.raises(SystemExit) as ended:
        main(["serve", "--host", host])

    assert (ended.value.code, served) == (0, [host])
    warning = f"warning: listening on {host}: whoever reaches"
    assert capsys.readouterr().err.startswith(warning) == warned
