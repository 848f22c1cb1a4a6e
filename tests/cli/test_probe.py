"""`ringspec probe`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringspec import spec
from ringspec.reference import Embedded
from ringspec.spec import load

from ..called import at, call  # noqa: TID252 - tests are no distribution
from ..serving import answering  # noqa: TID252 - likewise


@pytest.fixture(scope="module")
def sdk() -> Iterator[Embedded]:
    with Embedded(dialect="naxai-sdk") as embedded:
        yield embedded


def test_what_is_found_is_written_and_runs_by_it_conform(
    sdk: Embedded, tmp_path: Path
) -> None:
    ready, file = sdk.ready(), tmp_path / "found.yaml"

    probe = ("probe", *at(ready), "--write", str(file))
    ended = call(*probe, COLUMNS="80")

    out = ended.stdout
    assert (ended.status, ended.stderr) == (0, "")
    assert "certain: inclubeUnsubscribed" in out
    assert "5 of 5 questions answered, by 17 requests" in out
    assert max(map(len, out.split(f"{file} is written")[0].splitlines())) <= 80
    assert ready.token not in out + file.read_text("utf-8")
    assert load(dialect=str(file)).sha256 == load(dialect="naxai-sdk").sha256
    assert list(tmp_path.iterdir()) == [file]

    ended = call(
        *("run", *at(ready), "--dialect", str(file)),
        *("--quick", "--level", "may", "--quiet"),
    )

    assert ended.status == 0, ended.stdout


def test_the_canonical_server_gets_an_overlay_without_effect(
    reference: Embedded, tmp_path: Path
) -> None:
    ready, file = reference.ready(), tmp_path / "found.json"

    ended = call(
        *("probe", ready.url, "--client-id", ready.client_id),
        *("--client-secret", ready.client_secret, "--token-url", ready.token_url),
        *("--write", str(file)),
    )

    written = json.loads(file.read_text("utf-8"))
    assert ended.status == 0
    assert written["actions"][0]["update"] == {}
    probed = written["info"]["x-probed"]["includeUnsubscribed"]
    assert (probed["answer"], probed["sureness"]) == ("includeUnsubscribed", "certain")
    assert load(dialect=str(file)).sha256 == load().sha256


def test_what_stays_open_is_exit_3_and_kept_as_the_contract_has_it(
    served: Callable[..., str], tmp_path: Path
) -> None:
    url, file = served(answering(422)), tmp_path / "found.yaml"

    ended = call("probe", url, "--write", str(file))

    assert ended.status == 3
    assert "not told (the dialect says: includeUnsubscribed)" in ended.stdout
    assert "0 of 5 questions answered" in ended.stdout
    overlay = yaml.safe_load(file.read_text("utf-8"))
    assert [each["update"] for each in overlay["actions"]] == [{}]


@pytest.mark.parametrize("url", ["https://api.example.com", "http://192.0.2.1:8000"])
def test_what_is_elsewhere_is_sent_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("ringspec.harness.sending.target.Target.exchange", refuse)
    monkeypatch.setattr("ringspec.harness.sending.target.Transport.answered", refuse)
    token = ("--token-url", "https://example.com", "--client-id", "a")

    ended = call("probe", url, *token, "--client-secret", "b")

    assert (ended.status, ended.stdout) == (3, "")
    assert f"{url} is not on this machine: nothing was sent" in ended.stderr


def test_a_contract_without_questions_is_exit_2(tmp_path: Path) -> None:
    other = Path(__file__).parents[1] / "general" / "data" / "default.yaml"
    file = tmp_path / "other.yaml"
    file.write_text(other.read_text("utf-8"), "utf-8")

    ended = call("probe", "http://127.0.0.1:1", "--contract", str(file))

    assert ended.status == 2
    assert "it has no questions" in ended.stderr
    assert "other.questions.yaml" in ended.stderr


def test_path_of_a_contract_that_leads_elsewhere_is_sent_nowhere(
    tmp_path: Path,
) -> None:
    base = yaml.safe_load((Path(spec.__file__).parent / "openapi.yaml").read_text())
    paths = base["paths"]
    paths["@provider.invalid/x"] = paths.pop("/voice/broadcasts")
    contract = tmp_path / "openapi.yaml"
    contract.write_text(yaml.safe_dump(base))
    for name in ("questions.yaml", "rules.yaml"):
        (tmp_path / name).write_text((Path(spec.__file__).parent / name).read_text())

    ended = call("probe", "http://127.0.0.1:1", "--contract", str(contract))

    assert ended.status == 3
    said = "'@provider.invalid/x' is no path below http://127.0.0.1:1"
    assert said in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
