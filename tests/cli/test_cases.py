"""The case list as files: its schema, and what a release carries."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import dialect_names, load
from ringspec.strategies import CASE_SCHEMA
from ringspec.strategies.adequacy import verdicts
from ringspec.strategies.vectors import main, vectors

from ..called import call, environment, ran  # noqa: TID252 - tests are no distribution
from .conftest import COMMAND

MANIFEST = "ringspec-cases-9.8.7.manifest.json"


@pytest.fixture(scope="module")
def released() -> dict[str, bytes]:
    return vectors("9.8.7")


def test_the_command_prints_the_schema() -> None:
    done = call("cases", "--schema")

    assert done.status == 0
    assert done.stdout == CASE_SCHEMA.read_text("utf-8")


# It needs credentials and ids, and a text of a pattern.
CONTRACT = Path(__file__).parent / "data" / "credentials.yaml"


def test_cases_of_a_contract_need_nothing_and_leave_nothing(tmp_path: Path) -> None:
    done = ran(
        *COMMAND,
        "cases",
        "--contract",
        str(CONTRACT),
        cwd=tmp_path,
        env=environment({"XDG_CACHE_HOME": str(tmp_path / "cache")}),
        check=True,
    )

    cases = [json.loads(line) for line in done.stdout.splitlines()]
    sent = {each["request"]["headers"].get("Authorization") for each in cases}
    assert "Bearer {token}" in sent
    assert "Basic {token-cut}" not in sent
    plain = cases[0]["request"]
    assert plain["path"] == "/t/u-aaaa?to=a&to=b"
    assert plain["headers"]["Authorization"] == "Basic {token}"
    assert not (tmp_path / ".hypothesis").exists()
    assert (tmp_path / "cache" / "ringspec").is_dir()


@pytest.mark.parametrize("dialect", [None, *dialect_names()])
def test_a_release_has_what_the_command_prints(
    released: dict[str, bytes], dialect: str | None
) -> None:
    printed = call("cases", *(("--dialect", dialect) if dialect else ())).stdout

    name = f"ringspec-cases-9.8.7-{dialect or 'canonical'}.jsonl"
    assert released[name] == printed.encode()


def test_the_manifest_says_what_the_files_are(released: dict[str, bytes]) -> None:
    manifest = json.loads(released[MANIFEST])

    assert manifest["format"] == "ringspec-vectors/1"
    assert manifest["version"] == "9.8.7"
    assert manifest["cases"]["format"] == "ringspec-case/1"
    assert released[manifest["cases"]["schema"]] == CASE_SCHEMA.read_bytes()
    assert {each["dialect"] for each in manifest["lists"]} == {None, *dialect_names()}
    for each in manifest["lists"]:
        content = released[each["file"]]
        assert each["cases"] == content.count(b"\n") > 500
        assert each["bytes"] == len(content)
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
        assert each["contract"]["sha256"] == load(dialect=each["dialect"]).sha256
    rows = released["ringspec-cases-9.8.7.sha256"].decode().splitlines()
    others = released.keys() - {"ringspec-cases-9.8.7.sha256"}
    assert rows == [
        f"{hashlib.sha256(released[name]).hexdigest()}  {name}"
        for name in sorted(others)
    ]


def test_what_is_written_is_the_same_bytes_again(
    released: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringspec.strategies.vectors.version", lambda _: "9.8.7")
    folder = tmp_path / "a" / "b"

    assert main([str(folder)]) == 0

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == released


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--help"], "usage: python -m ringspec.strategies.vectors [FOLDER]"),
        (["a", "b"], "usage: python -m ringspec.strategies.vectors [FOLDER]"),
        ([__file__], f"{__file__} cannot be written: File exists"),
    ],
    ids=["an option", "two folders", "a file"],
)
def test_wrong_usage_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    assert capsys.readouterr().err.strip() == message


DATA = Path(__file__).parents[1] / "property" / "data"
SMALL = Path(__file__).parent / "data" / "small.yaml"

Ringspec = Callable[..., Any]


@pytest.fixture
def small() -> str:
    return str(SMALL)


def test_a_list_is_kept_unless_that_is_not_wanted(
    ringspec: Ringspec, small: str, tmp_path: Path
) -> None:
    cache = tmp_path / "lists"
    words, variable = ("cases", "--contract", small), {"RINGSPEC_CACHE": str(cache)}

    anew = ringspec(*words, "--no-cache", **variable)
    assert not cache.exists()
    first, again = (ringspec(*words, **variable) for _ in range(2))
    thorough = ringspec(*words, "--thorough", **variable)

    assert len(list(cache.iterdir())) == 2
    assert anew.stdout == first.stdout == again.stdout
    assert {*thorough.stdout.splitlines()} >= {*again.stdout.splitlines()}


def test_a_thorough_list_tells_each_condition_of_one_member(
    ringspec: Ringspec, small: str
) -> None:
    mutants = [
        json.loads(
            ringspec("prove", "--contract", small, "--format=json", *more).stdout
        )
        for more in ((), ("--thorough",))
    ]

    usual, thorough = (each["kinds"]["context"] for each in mutants)
    assert sum(thorough.values()) > sum(usual.values())
    assert thorough["untold"] == thorough["undecided"] == 0


def test_all_told_or_proven_not_to_be_ends_with_zero(
    ringspec: Ringspec, small: str
) -> None:
    done = ringspec("prove", "--contract", small)

    assert done.status == 0, done.stdout
    assert done.stderr == ""
    head, *_, last = done.stdout.splitlines()
    assert head == "Mutants of Small 1"
    assert last.endswith("cases detect all that the list detects.")
    assert "\nequivalent\n" in done.stdout
    assert "\nunsettled\n  body/properties/note/type or null" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_is_one_document_with_every_mutant(ringspec: Ringspec, small: str) -> None:
    done = ringspec("prove", "--contract", small, "--format", "json")

    proof = json.loads(done.stdout)
    assert proof["format"] == "ringspec-proof/1"
    assert sum(proof["counts"].values()) == len(proof["mutants"])
    assert proof["counts"]["undecided"] == proof["counts"]["untold"] == 0
    assert 0 < len(proof["enough"]) < proof["cases"]
    by_id = {each["id"]: each for each in proof["mutants"]}
    dropped = by_id["body/properties/size/enum dropped"]
    assert dropped["rule"] == "size.enum"
    assert dropped["verdict"] == "told"
    assert dropped["told_by"] >= len(dropped["cases"]) > 0
    assert dropped["reason"] == ""
    assert by_id["body/properties/size/type dropped"]["verdict"] == "equivalent"
    assert by_id["body/properties/size/type dropped"]["cases"] == []


def test_only_what_is_selected_is_proven(ringspec: Ringspec, small: str) -> None:
    chosen = ringspec(
        *("prove", "--contract", small, "--format", "json"),
        *("--select", "colour", "--exclude", "colour.type"),
    )

    found = json.loads(chosen.stdout)["mutants"]
    assert len(found) > 3
    assert all("colour.enum" in each["rules"] for each in found)


def test_the_cases_that_are_enough_are_named_on_demand(
    ringspec: Ringspec, small: str
) -> None:
    plain = ringspec("prove", "--contract", small).stdout
    named = ringspec("prove", "--contract", small, "--quick").stdout

    assert named.startswith(plain)
    assert "\n  body.accepted/" in named.removeprefix(plain)


def test_what_is_not_told_ends_with_one_and_comes_first(ringspec: Ringspec) -> None:
    # That a type may hold for the first item alone is not proven either way there.
    path = Path(__file__).parents[1] / "property" / "data" / "sensors.yaml"

    done = ringspec("prove", "--contract", str(path))

    assert done.status == 1
    told = done.stdout
    assert told.index("\nundecided\n") < told.index("\nequivalent")


def test_what_is_left_out_of_a_large_operation_is_undecided_and_says_so(
    ringspec: Ringspec, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "MOST_WORK", 0)
    prove = ("prove", "--contract", small)

    as_json, table = ringspec(*prove, "--format", "json"), ringspec(*prove)

    assert (as_json.status, table.status) == (1, 1)
    proof = json.loads(as_json.stdout)
    left = [it for it in proof["mutants"] if it["reason"].startswith("left out: ")]
    assert {each["verdict"] for each in left} == {"undecided"}
    assert len(left) == proof["counts"]["undecided"] > 3
    assert proof["counts"]["told"] > 0
    assert table.stdout.count("\n    left out: ") > 3
    assert re.search(r"\n  \S+ in \d+ contexts\n    left out: ", table.stdout)
