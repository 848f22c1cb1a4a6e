"""Evidence of a run: what is written follows, and every change of it is found."""

from __future__ import annotations

import io
import shutil
import signal
import socket
import time
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ringspec.cli.evidence import MANIFEST, Evidence, _manifest, not_following
from ringspec.harness import Known
from ringspec.harness.judging.verdict import KnownList
from ringspec.harness.running.plan import Plan, part_of
from ringspec.harness.running.run import run
from ringspec.harness.running.tape import Fired, Tape, plan_row
from ringspec.harness.sending.exchange import Filling
from ringspec.harness.sending.inprocess import URL, InProcess
from ringspec.harness.sending.policy import Safety
from ringspec.reference import Behaviour, Embedded, ServerSettings, application
from ringspec.reports import Recorder, Redactor, rendered
from ringspec.spec import Contract, Level, ReportError, load
from ringspec.strategies import Case, Phase, cases_of, quick_of

from ..called import call  # noqa: TID252 - tests are no distribution
from ..serving import ACCEPTED  # noqa: TID252 - likewise
from ..waiting import eventually  # noqa: TID252 - likewise

Ringspec = Callable[..., Any]
DELAY = "delay-4321-accepted"
KNOWN = Known(id="retryDelays.items.max", reason="r", expires=date(2026, 1, 1))
BODIES, EXPLORE = frozenset({Phase.CASES}), frozenset({Phase.CASES, Phase.EXPLORE})


@cache
def compiled(dialect: str | None) -> tuple[Contract, tuple[Case, ...]]:
    contract = load(dialect=dialect)
    return contract, cases_of(contract)


RUNS: dict[str, dict[str, Any]] = {
    "reference": {"notices": ("said before",)},
    "body": {"mutant": DELAY, "select": ("retryDelays",)},
    "wire": {"mutant": "method-as-404", "phases": frozenset({Phase.WIRE})},
    "lifecycle": {"mutant": "created-not-kept", "phases": frozenset({Phase.LIFECYCLE})},
    "robustness": {"mutant": "crash-on-256-characters", "select": ("name", "robust")},
    "lawful": {"mutant": "defaults-for-absent", "select": ("retries", "type")},
    "dialect": {"dialect": "naxai-sdk", "select": ("retryDelays",)},
    "quick": {"quick": True, "phases": BODIES, "exclude": ("voiceFlow",)},
    "shard": {"shard": (2, 3), "mutant": DELAY},
    "fail fast": {"mutant": DELAY, "fail_fast": True, "select": ("retryDelays",)},
    "explored": {"mutant": DELAY, "phases": EXPLORE, "select": ("retryDelays",)},
    "walked": {"phases": frozenset({Phase.LIFECYCLE, Phase.EXPLORE})},
    "known": {
        "mutant": DELAY,
        "select": ("retryDelays",),
        "known": KnownList(entries=(KNOWN,), today=date(2025, 12, 31)),
    },
    "expired": {
        "mutant": DELAY,
        "select": ("retryDelays",),
        "known": KnownList(entries=(KNOWN,), today=date(2026, 1, 2)),
    },
    "live": {
        "safety": Safety(live=True, allow_create=True, max_creates=9),
        "select": ("retryDelays.count",),
    },
    "echo": {"mutant": "token-in-answer", "select": ("auth",)},
    "part of it": {"mutant": "unknown-token-repeated", "select": ("auth",)},
    "word": {"token": "secret", "select": ("auth", "retries")},
}


def recorded(
    mutant: str | None = None, dialect: str | None = None, token: str = "", **more: Any
) -> tuple[Evidence, bytes, tuple[str, ...]]:
    """Run in this process; return the evidence, the JSON report and all secrets."""
    contract, cases = compiled(dialect)
    settings = ServerSettings(dialect=dialect or "canonical", mutant=mutant)
    settings = replace(settings, token=token or settings.token)
    app = application(settings, Behaviour())
    filling = Filling(
        token=settings.token,
        token_url=f"{URL}/oauth2/token",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
    )
    if more.pop("quick", False):
        more["quick"] = quick_of(contract, cases)
    if shard := more.pop("shard", None):
        more["part"] = part_of(cases, *shard)
    plan = Plan(
        contract=contract,
        cases=cases,
        url=URL,
        filling=filling,
        connect=lambda: InProcess(app, filling=filling),
        patience_s=0.1,
        tape=Tape(),
        **{"level": Level.MAY, "examples": 30, **more},
    )
    secrets = tuple(filling.secrets())
    recorder = Recorder(redactor := Redactor(secrets))
    for event in run(plan):
        recorder.handle(event)
    made = Evidence.of(plan, recorder.record, redactor)
    return Evidence(dict(made.files)), rendered("json", recorder.record), secrets


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_evidence_of_a_run_follows_and_has_no_secret(options: dict[str, Any]) -> None:
    evidence, report, secrets = recorded(**options)

    assert list(not_following(evidence, alike=True)) == []
    assert list(not_following(evidence, alike=False)) == []
    assert evidence.files["report.json"] == report
    long = [each.encode() for each in secrets if len(each) > 6]
    assert not [it for it in evidence.files.values() for each in long if each in it]
    fired = [each for each in evidence.tape.taken if isinstance(each, Fired)]
    # Only what was masked in part cannot be judged anew.
    known = {each.case.rule for each in fired if each.found is not None}
    assert known <= {"auth.token", "auth.client"}


def test_secret_that_is_a_word_of_the_contract_leaves_no_evidence() -> None:
    with pytest.raises(ReportError, match=r"a secret would stand in its|not tell the"):
        recorded(token="broadcastId", select=("retries",))


def test_all_that_a_run_is_decided_by_is_in_its_evidence() -> None:
    # Where and how fast to send, and with what: what comes of it is recorded.
    sending = {"route", "connect", "patience_s", "explore_s", "notices"}
    given = {"contract", "cases", "known", "made", "tape"}
    row = plan_row(Plan(contract=load(), cases=(), url=URL)).keys()

    assert {each.name for each in fields(Plan)} - row == sending | given


def rewritten(folder: Path, name: str, old: str, new: str) -> None:
    """Change the first of a text in a file, and all sums with it."""
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    files = {it.name: it.read_bytes() for it in folder.iterdir() if it.name != MANIFEST}
    (folder / MANIFEST).write_bytes(_manifest(files))


def altered(folder: Path, name: str, old: str = "", new: str = "") -> None:
    """Change the exchange of a case, sums and all; or leave it out."""
    lines = (folder / "exchanges.ndjson").read_text().splitlines(keepends=True)
    line = next(each for each in lines if name in each)
    rewritten(folder, "exchanges.ndjson", line, line.replace(old, new) if old else "")


def added(folder: Path, name: str) -> None:
    """Write one byte more, and leave the sums as they are."""
    with (folder / name).open("ab") as file:
        file.write(b" ")


CASE = "retryDelays.count/1-for-0"
JSON, HAR, EXCHANGES = "report.json", "report.har", "exchanges.ndjson"
# What is changed, sums and all, and what names the change; in the others, no sum.
CHANGES = {
    "verdict": (
        rewritten,
        (JSON, '"outcome": "fail"', '"outcome": "pass"'),
        'rules, retryDelays.items.max, outcome: recorded "pass", recomputed "fail"',
    ),
    "conclusion": (
        rewritten,
        (JSON, '"nonconformant"', '"conformant"'),
        'conclusion: recorded "conformant", recomputed "nonconformant"',
    ),
    "level": (
        rewritten,
        ("run.json", '"level": "must"', '"level": "may"'),
        'level: recorded "must", recomputed "may"',
    ),
    "status": (
        altered,
        (f'"{CASE}"', '"status":422', '"status":201'),
        f'failures, {CASE}: recorded null, recomputed {{"',
    ),
    "request": (rewritten, (EXCHANGES, '"POST"', '"GET"'), "is of another request"),
    "dropped": (altered, (f'"{CASE}"',), f"stands where {CASE} is due"),
    "last": (altered, ("many~pairs-39",), "many~pairs-39 is missing"),
    "word": (rewritten, ("report.html", "count", "c0unt"), "it differs from byte"),
    "har": (rewritten, (HAR, '"Created"', '"C"'), 'recorded "C", recomputed "Created"'),
    "list": (rewritten, ("cases.ndjson", CASE, "x/y"), "is not what contract,"),
    "contract": (rewritten, ("contract.json", "Naxai v", "V"), "contract, title: rec"),
    "garbage": (rewritten, (EXCHANGES, '"status":201', '"status":[]'), "be judged: T"),
    "byte": (added, ("known.json",), "known.json was changed: its sum"),
    "manifest": (added, (MANIFEST,), "manifest.json was changed"),
    "stranger": (added, ("x",), "x is not listed"),
    "missing": (lambda at, name: (at / name).unlink(), (HAR,), f"{HAR} is missing"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a run by the command, as a folder, and as a zip beside it."""
    folder = tmp_path_factory.mktemp("evidence") / "made"
    with Embedded(mutant=DELAY) as server:
        done = call(
            *("run", server.url, "--bearer", server.token, "--select", "retryDelays"),
            *(f"--report=evidence={folder}", f"--report=evidence={folder}.zip"),
        )
    assert done.status == 1, done.stderr
    return folder


def test_verify_says_what_holds(ringspec: Ringspec, written: Path) -> None:
    folder, packed = (ringspec("verify", f"{written}{end}") for end in ("", ".zip"))

    assert (folder.status, packed.status) == (0, 0)
    assert folder.stdout == packed.stdout
    assert "76 judged anew\n" in folder.stdout
    assert "874 cases, as contract, catalogue and seed give" in folder.stdout
    assert "report.json, report.html, report.har follow, byte for byte" in folder.stdout
    assert folder.stdout.splitlines()[-1].startswith("it holds: nonconformant at level")


@pytest.mark.parametrize(("change", "what", "named"), CHANGES.values(), ids=CHANGES)
def test_verify_names_what_was_changed(
    ringspec: Ringspec,
    written: Path,
    tmp_path: Path,
    change: Callable[..., None],
    what: tuple[str, ...],
    named: str,
) -> None:
    change(Path(shutil.copytree(written, tmp_path / "e")), *what)

    ended = ringspec("verify", str(tmp_path / "e"))

    assert ended.status == 1, ended.stdout + ended.stderr
    assert named in ended.stdout
    assert "it does not hold; manifest sha256 " in ended.stdout.splitlines()[-1]


def test_any_byte_of_a_zip_counts(
    ringspec: Ringspec, written: Path, tmp_path: Path
) -> None:
    data, path = Path(f"{written}.zip").read_bytes(), tmp_path / "e.zip"
    for at in (*range(0, len(data), len(data) // 9), *range(-120, 0, 7), -1):
        changed = bytearray(data)
        changed[at] ^= 1
        path.write_bytes(changed)

        assert ringspec("verify", str(path)).status == 1, at


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


UNREADABLE: dict[str, tuple[bytes | None, str]] = {
    "nothing": (None, "it is not there"),
    "text": (b"no zip", "it is no zip"),
    "other zip": (packed(a=b"b"), f"it has no {MANIFEST}"),
    "outside": (packed(**{"../../x": b"", f"../{MANIFEST}": b""}), "it has no"),
    "bomb": (
        packed(**{"report.har": bytes(2**28 + 1)}),
        "1 file of 268,435,457 bytes",
    ),
}


@pytest.mark.parametrize(("data", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_evidence_is_refused(
    ringspec: Ringspec, tmp_path: Path, data: bytes | None, why: str
) -> None:
    path = tmp_path / "e.zip"
    if data is not None:
        path.write_bytes(data)

    ended = ringspec("verify", str(path))

    assert (ended.status, ended.stdout) == (2, "")
    assert why in ended.stderr
    assert len(ended.stderr.splitlines()) == 2
    assert list(tmp_path.iterdir()) == ([] if data is None else [path])


def test_another_version_leaves_list_and_wording_unchecked(
    ringspec: Ringspec, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringspec.cli.verify_command.version", lambda _: "99")

    ended = ringspec("verify", str(written))

    assert ended.status == 0
    assert "list       not checked: made by ringspec" in ended.stdout
    assert "the wording is not checked" in ended.stdout


def test_interrupted_run_leaves_evidence_that_follows(
    ringspec: Ringspec, started: Any, served: Any, tmp_path: Path
) -> None:
    answered: list[bool] = []

    def counting(connection: socket.socket) -> None:
        while connection.recv(65536):
            time.sleep(0.02)
            connection.sendall(ACCEPTED)
            answered.append(True)

    process = started("run", served(counting), f"--report=evidence={tmp_path / 'e'}")
    assert eventually(lambda: len(answered) > 20)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)

    ended = ringspec("verify", str(tmp_path / "e"))

    assert process.returncode == 130
    assert ended.status == 0, ended.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("run", "--report", "evidence={}"), "the folder holds mine.txt"),
        (("run", "--report", "evidence={}/mine.txt"), "it is a file"),
        (("replay", "name.type/x", "--report", "evidence={}/e"), "no report format"),
        (("compare", "--merge", "a", "--report", "evidence={}/e"), "tells of every"),
    ],
    ids=["strangers", "file", "replay", "merge"],
)
def test_evidence_goes_to_a_place_of_its_own_of_a_run_alone(
    ringspec: Ringspec, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    (tmp_path / "mine.txt").touch()

    ended = ringspec(*(each.format(tmp_path) for each in arguments))

    assert ended.status == 2
    assert why in ended.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
