"""Several operations in one run: every report tells them apart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from .. import called  # noqa: TID252 - tests are no distribution
from ..called import Ended  # noqa: TID252 - likewise
from ..serving import served  # noqa: TID252 - tests are no distribution
from .pets import pets_app

CONTRACT = Path(__file__).with_name("pets.yaml")
PATCH = "PATCH /pets/{petId}"
OPERATIONS = ["listPets", "createPet", PATCH, "deletePet"]
FORMATS = ("json", "ndjson", "junit", "html", "har", "markdown")


@pytest.fixture(scope="session")
def pets() -> Iterator[str]:
    with served(pets_app(), log_level="critical") as url:
        yield url


@pytest.fixture
def run(ringspec: Callable[..., Ended], pets: str) -> Callable[..., Ended]:
    def call(slip: str, *more: object) -> Ended:
        return ringspec("run", f"{pets}/{slip}", "--contract", CONTRACT, *more)

    return call


def test_known_failures_are_of_operations(
    run: Callable[..., Ended], tmp_path: Path
) -> None:
    path = tmp_path / "known.toml"
    known = ("--known-failures", path, "--phase", "cases")

    added = run("unlimited", *known, "--update-known-failures")
    excused = run("unlimited", *known)
    alone = run("unlimited", *known, "--operation", "listPets")
    another = run("unlimited", *known, "--operation", "createPet")
    gone = run("correct", *known)
    text = path.read_text()
    wrong = text.replace("listPets/query.limit.max", "listDogs/query.limit.max")
    path.write_text(wrong)
    misnamed = run("unlimited", *known)
    path.write_text(wrong)
    renewed = run("unlimited", *known, "--update-known-failures")

    runs = (added, excused, alone, another, gone, misnamed, renewed)
    assert [each.status for each in runs] == [0, 0, 0, 0, 1, 1, 0]
    assert text.count('rule = "listPets/query.limit.') == 3
    assert "3 fail as known" in excused.stdout
    assert gone.stdout.count(": it no longer fails") == 3
    assert "listDogs/query.limit.max: this contract has no such op" in misnamed.stdout
    assert path.read_text() == text


def test_parts_of_several_operations_are_joined(
    run: Callable[..., Ended], ringspec: Callable[..., Ended], tmp_path: Path
) -> None:
    parts = [tmp_path / f"{number}.json" for number in (1, 2)]
    joined = tmp_path / "joined.json"
    whole = run("unlimited").report

    for number, part in enumerate(parts, 1):
        run("unlimited", "--shard", f"{number}/2", f"--report=json={part}")
    done = ringspec("compare", "--merge", *parts, f"--report=json={joined}")

    def told(report: dict[str, Any]) -> list[tuple[str, ...]]:
        keys = ("passed", "failed", "untested", "cases")
        rows = ((each, each["counts"]) for each in report["operations"])
        return [
            (it["id"], it["conclusion"], *(str(counts[key]) for key in keys))
            for it, counts in rows
        ]

    assert done.status == 1
    report = json.loads(joined.read_text())
    assert told(report) == told(whole)
    assert report["contract"] == whole["contract"]
    for each, alike in zip(report["rules"], whole["rules"], strict=True):
        assert (each["id"], each["outcome"]) == (alike["id"], alike["outcome"])


def test_the_other_commands_tell_operations_apart(
    ringspec: Callable[..., Ended], pets: str
) -> None:
    of = ("--contract", CONTRACT)

    planned = called.call("run", f"{pets}/correct", *map(str, of), "--dry-run")
    told = ringspec("explain", "listPets/query.limit.max", f"{PATCH}/tag.length", *of)
    proven = ringspec("prove", *of, "--exclude-operation", "createPet")

    assert (planned.status, told.status, proven.status) == (0, 0, 0)
    rows = re.findall(r"^(\S.*?)  +\d+", planned.stdout, re.MULTILINE)
    assert sorted(rows) == sorted([*OPERATIONS, "in all"])
    assert f"invalid {LIMIT}" in told.stdout
    assert "of listPets/query.limit.min/valid-1: the query param" in told.stdout
    assert f"{PATCH}/tag.length/9-characters" in told.stdout
    assert re.search(rf"^{re.escape(PATCH)} +13 +0", proven.stdout, re.MULTILINE)
    assert re.search(r"^all +13 ", proven.stdout, re.MULTILINE)


LIMIT = "listPets/query.limit.max/101"
MISSING = f"{PATCH}/tag.required/missing"


def test_cases_of_several_operations_are_replayed(
    run: Callable[..., Ended],
    ringspec: Callable[..., Ended],
    pets: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.json"
    url, contract = f"{pets}/unlimited", ("--contract", CONTRACT)
    found = run("unlimited", "--select", "listPets/query", f"--report=json={path}")

    # A pet is created first, so that there is one to be changed.
    done = ringspec("replay", LIMIT, MISSING, url, *contract)
    again = ringspec("replay", path, *contract)
    alone = ringspec("replay", LIMIT, url, *contract, "--operation", "listPets")
    wrong = ringspec("replay", "listPets/query.limit.max", url, *contract)

    assert "  ringspec replay listPets/query.limit.type/word" in found.stdout
    assert f"fails            {LIMIT}" in done.stdout
    assert f"passes           {MISSING}" in done.stdout
    assert f"still fails      {LIMIT}" in again.stdout
    assert "6 still fail at level must" in again.stdout
    assert (done.status, again.status, alone.status, wrong.status) == (1, 1, 1, 2)
    assert "--select listPets/query.limit.max" in wrong.stderr
    assert f"its cases are listPets/query.limit.max/valid-100, {LIMIT}" in wrong.stderr


def test_each_report_is_grouped_by_operation(
    run: Callable[..., Ended], tmp_path: Path
) -> None:
    paths = {name: tmp_path / name for name in FORMATS}
    wanted = [f"--report={name}={path}" for name, path in paths.items()]

    done = run("unlimited", "--phase", "cases", "--verbose", *wanted)

    def group(each: dict[str, Any]) -> str:
        return str(each["operation"])

    assert done.status == 1
    operations = done.report["operations"]
    assert {each["id"] for each in operations} == set(OPERATIONS)
    by_id = {each["id"]: each for each in operations}
    assert by_id[PATCH]["path"] == "/pets/{petId}"
    assert by_id[PATCH]["method"] == "PATCH"
    assert by_id["listPets"]["conclusion"] == "nonconformant"
    assert by_id["listPets"]["counts"]["failed"] == 3
    assert by_id["createPet"]["conclusion"] == "conformant in part"
    rules = done.report["rules"]
    assert all(each["id"].startswith(f"{group(each)}/") for each in rules)
    assert by_id[PATCH]["counts"]["rules"] == list(map(group, rules)).count(PATCH)
    # In the terminal a line for each, and faults of parameters in words.
    rows = re.findall(r"^(\S.*?)   +\d+   ", done.stdout, re.MULTILINE)
    assert rows == [*(each["id"] for each in operations), "total"]
    assert "fault   the query parameter limit is 101" in done.stdout
    suites = ET.parse(paths["junit"]).getroot()
    assert [each.get("name") for each in suites] == [each["id"] for each in operations]
    assert int(suites.get("tests", 0)) == len(rules)
    tests = suites.findall("testsuite/testcase")
    assert "ringspec.createPet.age" in {each.get("classname") for each in tests}
    events = [json.loads(each) for each in paths["ndjson"].read_text().splitlines()]
    assert sorted(events[0]["operations"]) == sorted(OPERATIONS)
    assert events[-1]["operations"] == operations
    log = json.loads(paths["har"].read_text())["log"]
    pages = {each["id"] for each in log["pages"]}
    assert pages == set(OPERATIONS) == {each["pageref"] for each in log["entries"]}
    page = paths["html"].read_text()
    assert re.search(
        r'<a href="#group-\d"><code>PATCH /pets/\{petId\}</code></a>', page
    )
    assert f"{PATCH} <small>" in page
    # No body differs: what the fault changed is marked where it stands.
    assert 'GET /pets?limit=1<mark class="now">01</mark>' in page
    assert "| `listPets` | nonconformant | 18 | 3 |" in paths["markdown"].read_text()
