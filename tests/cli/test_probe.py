"""`ringspec probe`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringspec import spec
from ringspec.cli import main
from ringspec.reference import Embedded
from ringspec.spec import load

Called = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def sdk() -> Iterator[Embedded]:
    with Embedded(dialect="naxai-sdk") as embedded:
        yield embedded


@pytest.fixture
def called(capsys: pytest.CaptureFixture[str]) -> Called:
    """Call the command in this process."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def test_what_is_found_is_written_and_runs_by_it_conform(
    called: Called, sdk: Embedded, tmp_path: Path
) -> None:
    ready, file = sdk.ready(), tmp_path / "found.yaml"

    status, out, err = called(
        "probe", ready.url, "--bearer", ready.token, "--write", str(file)
    )

    assert (status, err) == (0, "")
    assert "certain: inclubeUnsubscribed" in out
    assert "5 of 5 questions answered, by 17 requests" in out
    assert max(map(len, out.split(f"{file} is written")[0].splitlines())) <= 80
    assert ready.token not in out + file.read_text("utf-8")
    assert load(dialect=str(file)).sha256 == load(dialect="naxai-sdk").sha256
    assert list(tmp_path.iterdir()) == [file]

    status, out, _ = called(
        *("run", ready.url, "--bearer", ready.token, "--dialect", str(file)),
        *("--quick", "--level", "may", "--quiet"),
    )

    assert status == 0, out


def test_the_canonical_server_gets_an_overlay_without_effect(
    called: Called, reference: Embedded, tmp_path: Path
) -> None:
    ready, file = reference.ready(), tmp_path / "found.json"

    status, _, _ = called(
        *("probe", ready.url, "--client-id", ready.client_id),
        *("--client-secret", ready.client_secret, "--token-url", ready.token_url),
        *("--write", str(file)),
    )

    written = json.loads(file.read_text("utf-8"))
    assert status == 0
    assert written["actions"][0]["update"] == {}
    probed = written["info"]["x-probed"]["includeUnsubscribed"]
    assert (probed["answer"], probed["sureness"]) == ("includeUnsubscribed", "certain")
    assert load(dialect=str(file)).sha256 == load().sha256


def answered(status: str) -> Callable[[socket.socket], None]:
    """Answer one request so, with an object."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())

    return behave


def test_what_stays_open_is_exit_3_and_kept_as_the_contract_has_it(
    called: Called, served: Callable[..., str], tmp_path: Path
) -> None:
    url, file = served(answered("422 No")), tmp_path / "found.yaml"

    status, out, _ = called("probe", url, "--write", str(file))

    assert status == 3
    assert "not told (the dialect says: includeUnsubscribed)" in out
    assert "0 of 5 questions answered" in out
    overlay = yaml.safe_load(file.read_text("utf-8"))
    assert [each["update"] for each in overlay["actions"]] == [{}]


@pytest.mark.parametrize("url", ["https://api.example.com", "http://192.0.2.1:8000"])
def test_what_is_elsewhere_is_sent_nothing(
    called: Called, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("ringspec.harness.sending.target.Target.exchange", refuse)
    monkeypatch.setattr("ringspec.harness.sending.target.Transport.answered", refuse)
    token = ("--token-url", "https://example.com", "--client-id", "a")

    status, out, err = called("probe", url, *token, "--client-secret", "b")

    assert (status, out) == (3, "")
    assert f"{url} is not on this machine: nothing was sent" in err


def test_a_contract_without_questions_is_exit_2(called: Called, tmp_path: Path) -> None:
    other = Path(__file__).parents[1] / "general" / "data" / "default.yaml"
    file = tmp_path / "other.yaml"
    file.write_text(other.read_text("utf-8"), "utf-8")

    status, _, err = called("probe", "http://127.0.0.1:1", "--contract", str(file))

    assert status == 2
    assert "it has no questions" in err
    assert "other.questions.yaml" in err


def test_path_of_a_contract_that_leads_elsewhere_is_sent_nowhere(
    called: Called, tmp_path: Path
) -> None:
    base = yaml.safe_load((Path(spec.__file__).parent / "openapi.yaml").read_text())
    paths = base["paths"]
    paths["@provider.invalid/x"] = paths.pop("/voice/broadcasts")
    contract = tmp_path / "openapi.yaml"
    contract.write_text(yaml.safe_dump(base))
    for name in ("questions.yaml", "rules.yaml"):
        (tmp_path / name).write_text((Path(spec.__file__).parent / name).read_text())

    status, out, err = called(
        "probe", "http://127.0.0.1:1", "--contract", str(contract)
    )

    assert status == 3
    assert "'@provider.invalid/x' is no path below http://127.0.0.1:1" in err
    assert "Traceback" not in out + err
