"""Evidence of a run: what is written follows, and every change of it is found."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from dataclasses import fields
from pathlib import Path

import pytest

from ringspec.cli.evidence import MANIFEST, _manifest, not_following, read_evidence
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.tape import plan_row
from ringspec.reference import Embedded
from ringspec.spec import load

from ..called import Ended, call  # noqa: TID252 - tests are no distribution
from .conftest import TABLES

DELAY = "delay-4321-accepted"
DELAYS = "--select retryDelays"
KNOWN = """\
[[known]]
rule = "retryDelays.items.max"
reason = "still in force"
[[known]]
rule = "retryDelays.count"
reason = "expired"
expires = 2026-01-01
"""
LIVE = "[safety]\nlive = true\nallow_create = true\nmax_creates = 9\n"


def recorded(server: Embedded, *options: str, path: Path) -> Ended:
    """Run by the command, with evidence in a folder or zip."""
    client = (
        f"--client-id={server.client_id}",
        f"--client-secret={server.client_secret}",
    )
    known = (
        () if "--bearer" in options else (*client, f"--token-url={server.token_url}")
    )
    return call("run", server.url, *known, *options, f"--report=evidence={path}")


@pytest.mark.parametrize(
    ("mutant", "options"), TABLES["evidence"].values(), ids=TABLES["evidence"]
)
def test_evidence_of_a_run_follows_and_has_no_secret(
    mutant: str | None, options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.toml").write_text(KNOWN)
    (tmp_path / "live.toml").write_text(LIVE)
    path = tmp_path / "e"

    with Embedded(mutant=mutant) as server:
        made = recorded(server, *options.split(), "--report=json=r.json", path=path)
    assert path.exists(), made.stderr
    verified = call("verify", str(path))
    evidence, _ = read_evidence(path)

    assert verified.status == 0, verified.stdout
    assert list(not_following(evidence, alike=False)) == []
    assert evidence.files["report.json"] == (tmp_path / "r.json").read_bytes()
    secrets = [each.encode() for each in (server.token, server.client_secret)]
    assert not [it for it in evidence.files.values() for each in secrets if each in it]
    # Only what was masked in part cannot be judged anew.
    assert "auth" in options or "as the run found" not in verified.stdout


def test_secret_that_is_a_word_of_the_contract_leaves_no_evidence(
    tmp_path: Path,
) -> None:
    with Embedded(mutant="token-not-checked") as server:
        options = ("--bearer", "broadcastId", "--select", "retries")
        ended = recorded(server, *options, path=tmp_path / "e")

    assert ended.status == 2
    assert "a secret would stand in its" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_all_that_a_run_is_decided_by_is_in_its_evidence() -> None:
    # Where and how fast to send, and with what: what comes of it is recorded.
    sending = {"route", "connect", "patience_s", "explore_s", "notices"}
    given = {"contract", "cases", "known", "made", "tape"}
    row = plan_row(Plan(contract=load(), cases=(), url="")).keys()

    assert {each.name for each in fields(Plan)} - row == sending | given


def changed(folder: Path, name: str, old: str, new: str) -> None:
    """Change the first match in a file, and all sums; or add to it, and none."""
    text = (folder / name).read_text() if old else ""
    files = {it.name: it.read_bytes() for it in folder.iterdir() if it.name != MANIFEST}
    made, found = re.subn(old, new, text, count=1)
    assert found
    with (folder / name).open("w" if old else "a") as file:
        file.write(made)
    if old:
        files[name] = made.encode()
        (folder / MANIFEST).write_bytes(_manifest(files))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a run by the command, as a folder, and as a zip beside it."""
    folder = tmp_path_factory.mktemp("evidence") / "made"
    with Embedded(mutant=DELAY) as server:
        packed = f"--report=evidence={folder}.zip"
        done = recorded(server, *DELAYS.split(), packed, path=folder)
    assert done.status == 1, done.stderr
    return folder


def test_verify_says_what_holds(written: Path) -> None:
    folder, packed = (call("verify", f"{written}{end}") for end in ("", ".zip"))

    assert (folder.status, packed.status) == (0, 0)
    assert folder.stdout == packed.stdout
    assert "82 judged anew\n" in folder.stdout
    assert "1,051 cases, as contract, catalogue and seed give" in folder.stdout
    assert "report.json, report.html, report.har follow, byte for byte" in folder.stdout
    assert folder.stdout.splitlines()[-1].startswith("it holds: nonconformant at level")


@pytest.mark.parametrize("change", TABLES["changes"].values(), ids=TABLES["changes"])
def test_verify_names_what_was_changed(
    written: Path, tmp_path: Path, change: tuple[str, str, str, str]
) -> None:
    *what, named = change
    changed(Path(shutil.copytree(written, tmp_path / "e")), *what)

    ended = call("verify", str(tmp_path / "e"))

    assert ended.status == 1, ended.stdout + ended.stderr
    assert named in ended.stdout
    assert "it does not hold; manifest sha256 " in ended.stdout.splitlines()[-1]


def test_any_byte_of_a_zip_counts(written: Path, tmp_path: Path) -> None:
    data, path = Path(f"{written}.zip").read_bytes(), tmp_path / "e.zip"
    for at in (*range(0, len(data), len(data) // 9), *range(-120, 0, 7), -1):
        changed = bytearray(data)
        changed[at] ^= 1
        path.write_bytes(changed)

        assert call("verify", str(path)).status == 1, at


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_zip_packed_anew_is_held_against_its_sums(
    written: Path, tmp_path: Path
) -> None:
    files = {it.name: it.read_bytes() for it in written.iterdir()}
    path = tmp_path / "e.zip"
    path.write_bytes(packed(**files))
    assert call("verify", str(path)).status == 0

    del files["report.har"]
    path.write_bytes(packed(**files, x=b""))
    told = call("verify", str(path)).stdout
    assert "x is not listed\n    report.har is missing\n" in told


UNREADABLE: dict[str, tuple[bytes | None, str]] = {
    "nothing": (None, "it is not there"),
    "text": (b"no zip", "it is no zip"),
    "other zip": (packed(a=b"b"), f"it has no {MANIFEST}"),
    "outside": (packed(**{"../../x": b"", f"../{MANIFEST}": b""}), "it has no"),
    "bomb": (packed(**{"report.har": bytes(2**28 + 1)}), "1 file of 268,435,457 bytes"),
}


@pytest.mark.parametrize(("data", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_evidence_is_refused(
    tmp_path: Path, data: bytes | None, why: str
) -> None:
    path = tmp_path / "e.zip"
    if data is not None:
        path.write_bytes(data)

    ended = call("verify", str(path))

    assert (ended.status, ended.stdout) == (2, "")
    assert why in ended.stderr
    assert len(ended.stderr.splitlines()) == 2
    assert list(tmp_path.iterdir()) == ([] if data is None else [path])


def test_another_version_leaves_list_and_wording_unchecked(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringspec.cli.verify_command.version", lambda _: "99")

    ended = call("verify", str(written))

    assert ended.status == 0
    assert "list       not checked: made by ringspec" in ended.stdout
    assert "the wording is not checked" in ended.stdout
