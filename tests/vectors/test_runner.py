"""The vectors' runner in JavaScript judges as it should: node's tests, run by ours."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ringspec.reference import Embedded
from ringspec.spec import Level, load
from ringspec.strategies import Case, cases_of, line

from ..called import environment, ran  # noqa: TID252 - tests are no distribution

RUNNER = Path(__file__).parents[2] / "docs" / "vectors" / "runner.test.mjs"
NODE = shutil.which("node")
OLDEST = 20
# A line of TAP about one case: how it ended, its rule, its id, and a directive.
ENDED = re.compile(
    r"^(ok|not ok) \d+ - (\S+) (\S+?)(?: # (SKIP|TODO) (.*))?$", re.MULTILINE
)


@dataclass(frozen=True)
class Told:
    """What node said of a run: its status, and what ended how, by rule or reason."""

    status: int
    passed: Counter[str]
    failed: Counter[str]
    skipped: Counter[str]
    todo: Counter[str]
    text: str


@pytest.fixture(scope="module")
def node() -> str:
    if NODE is None:
        pytest.skip("the runner is JavaScript, and node is not installed")
    said = subprocess.check_output([NODE, "--version"], text=True)
    if int(said.lstrip("v").split(".")[0]) < OLDEST:
        pytest.skip(f"the runner takes node {OLDEST}, and this is {said}")
    return NODE


def wanted(*prefixes: str) -> list[Case]:
    """Return the cases of some rules, and the twins that they need."""
    cases = cases_of(load())
    chosen = [each for each in cases if each.rule.startswith(prefixes)]
    twins = {each.twin for each in chosen}
    return [each for each in cases if each in chosen or each.id in twins]


def fire(
    node: str, server: Embedded, cases: list[Case], folder: Path, level: str
) -> Told:
    """Run the runner on some cases against a server."""
    path = folder / "cases.jsonl"
    path.write_text("".join(f"{line(each)}\n" for each in cases), "utf-8")
    given = {
        "RINGSPEC_URL": server.url,
        "RINGSPEC_TOKEN": server.token,
        "RINGSPEC_CASES": str(path),
        "RINGSPEC_LEVEL": level,
    }
    done = ran(
        node, "--test", "--test-reporter=tap", str(RUNNER), env=environment(given)
    )
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    for how, rule, _, directive, reason in ENDED.findall(done.stdout):
        ended[directive or how][reason if directive == "SKIP" else rule] += 1
    return Told(
        status=done.returncode,
        passed=ended["ok"],
        failed=ended["not ok"],
        skipped=ended["SKIP"],
        todo=ended["TODO"],
        text=done.stdout + done.stderr,
    )


def test_a_correct_server_passes_all_that_can_be_judged(
    node: str, tmp_path: Path
) -> None:
    cases = list(cases_of(load()))
    with Embedded() as server:
        told = fire(node, server, cases, tmp_path, "may")

    assert told.status == 0, told.text[-2000:]
    assert told.failed == {}
    assert told.todo == {}
    assert list(told.skipped) == [
        "takes the client's secret, a list's pages or the contract"
    ]
    assert told.skipped.total() < 30
    assert told.passed.total() + told.skipped.total() == len(cases)


@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        ("retry-delays-items-max-unchecked", "retryDelays.items.max"),
        ("delay-4320-refused", "retryDelays.items.max"),
        ("token-case-ignored", "auth.token"),
        ("get-open", "auth.token"),
        ("rubbish-after-json-ignored", "wire.json"),
        ("deleted-but-readable", "lifecycle.deleted"),
        ("retries-not-required", "retries.required"),
        ("absent-retry-on-failed-taken-as-true", "retryOnFailed.required"),
    ],
)
def test_a_mutant_fails_by_its_rule_alone(
    node: str, tmp_path: Path, mutant: str, rule: str
) -> None:
    with Embedded(mutant=mutant) as server:
        told = fire(node, server, wanted(rule, "name"), tmp_path, "may")

    assert told.status == 1
    assert told.failed.keys() == {rule}
    assert told.passed.total() > 10


def test_a_lawful_default_passes(node: str, tmp_path: Path) -> None:
    with Embedded(mutant="defaults-for-absent") as server:
        told = fire(node, server, wanted("retries.required"), tmp_path, "may")

    assert told.status == 0
    assert told.passed["retries.required"] > 1


def test_what_fails_below_the_level_does_not_fail_the_run(
    node: str, tmp_path: Path
) -> None:
    with Embedded(mutant="rubbish-after-json-ignored") as server:
        told = fire(node, server, wanted("wire.json"), tmp_path, "must")

    assert told.status == 0
    assert "not ok" in told.text
    assert told.todo.keys() == {"wire.json"}


def test_a_refusal_without_an_accepted_twin_is_never_green(
    node: str, tmp_path: Path
) -> None:
    with Embedded() as server:
        server.token = "nobody's"
        told = fire(node, server, wanted("name.required"), tmp_path, "must")

    assert told.status == 1
    assert told.passed == {}
    assert told.failed.keys() == {"body.accepted", "name.required"}
    assert "inconclusive: HTTP 401 says nothing of it" in told.text
    assert "inconclusive: its twin was not accepted" in told.text


def test_a_weaker_twin_that_is_refused_leaves_its_case_open(
    node: str, tmp_path: Path
) -> None:
    twin, *_, case = wanted("name.required")
    wrong = next(each for each in cases_of(load()) if each.rule == "retries.type")
    refused = replace(twin, request=wrong.request, level=Level.MAY)

    with Embedded() as server:
        fired = [refused, replace(case, twin=twin.id)]
        told = fire(node, server, fired, tmp_path, "must")

    assert told.status == 0
    assert told.passed == {}
    assert told.skipped == {"inconclusive: its twin was not accepted": 1}


def test_a_crash_fails_the_case_as_one(node: str, tmp_path: Path) -> None:
    with Embedded(mutant="crash-on-missing-name") as server:
        told = fire(node, server, wanted("name.required"), tmp_path, "must")

    assert told.failed.keys() == {"name.required"}
    assert "robustness: HTTP 500" in told.text


def test_it_fires_at_this_machine_only(node: str, tmp_path: Path) -> None:
    server = Embedded()
    server.url, server.token = "http://192.0.2.1:8000", "some-token"

    told = fire(node, server, wanted("name.required"), tmp_path, "must")

    assert told.status == 1
    assert "this fires at loopback only" in told.text
    assert told.passed == told.failed == {}


def test_the_page_shows_the_runner_as_it_is() -> None:
    page = (RUNNER.parents[1] / "vectors.md").read_text("utf-8")

    shown = page.split('```js title="runner.test.mjs"\n')[1].split("```\n")[0]
    assert shown == RUNNER.read_text("utf-8")
