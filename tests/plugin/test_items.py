"""A test for each rule: how they are found, named, chosen and reported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringspec.plugin import Server
from ringspec.reference import Embedded
from ringspec.spec import Contract, Level, load

from ..serving import served  # noqa: TID252 - tests are no distribution
from .conftest import BROKEN, KEPT, NOBODY, Careless, at, output

Suite = Callable[..., pytest.RunResult]


def listed(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("ringspec::")]


def test_every_rule_is_an_item_and_collecting_or_planning_sends_nothing(
    suite: Suite, loaded: Contract, careless: Careless
) -> None:
    result = suite("--ringspec", careless.url, "--co", "-q", "--strict-markers")
    plan = suite("--ringspec", careless.url, "--setup-plan", KEPT)

    assert (result.ret, plan.ret) == (0, 0)
    assert listed(result) == [f"ringspec::{name}" for name in loaded.rules]
    assert careless.requests == 0


def test_items_are_chosen_by_level_group_and_words(
    suite: Suite, loaded: Contract
) -> None:
    collect = ("--ringspec", NOBODY, "--collect-only", "-q")
    may = [f"ringspec::{r.id}" for r in loaded.rules.values() if r.level is Level.MAY]
    group = [f"ringspec::{name}" for name in loaded.rules if name.startswith("name.")]

    assert listed(suite(*collect, "-m", "may")) == may
    assert listed(suite(*collect, "-m", 'ringspec(group="name")')) == group
    assert listed(suite(*collect, "-k", "retryDelays.count")) == [KEPT]
    assert listed(suite(*collect, "-k", "not ringspec")) == []
    assert KEPT not in listed(suite(*collect, "--deselect", KEPT))
    assert listed(suite(*collect, KEPT, BROKEN)) == [KEPT, BROKEN]


def test_several_operations_are_classes(suite: Suite, tmp_path: Path) -> None:
    # Without ids of their own, method and path name them.
    get = {"responses": {"200": {"description": "good"}}}
    paths = {"/things": {"get": get}, "/others": {"get": get | {"operationId": "two"}}}
    contract = tmp_path / "things.json"
    about = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    contract.write_text(json.dumps(about | {"paths": paths}), "utf-8")
    named = ("ringspec::GET /things", "ringspec::two::body.accepted")

    def answered(request: Request) -> Response:
        return Response(status_code=200 if request.url.path == "/others" else 500)

    routes = [Route(path, answered, methods=["GET"]) for path in paths]
    with served(Starlette(routes=routes), log_level="critical") as url:
        call = (f"--ringspec={url}", f"--ringspec-contract={contract}")
        result = suite(*call, "-v", *named)
    found = listed(suite(*call, "--co", "-q", "--ringspec-exclude-operation=two"))

    output(result)
    lines = [re.sub(r" +\[.*", "", it) for it in listed(result)]
    assert f"{named[0]}::robustness FAILED" in lines
    assert f"{named[1]} PASSED" in lines
    assert all(line.startswith(named) for line in lines)
    assert re.search(r"^GET /things +\d+", result.stdout.str(), re.MULTILINE)
    # Alone it is named as ever.
    assert "ringspec::robustness" in found


def test_the_dialect_says_which_rules_there_are(suite: Suite) -> None:
    loaded = load(dialect="naxai-sdk")

    result = suite(
        "--ringspec", NOBODY, "--ringspec-dialect", "naxai-sdk", "--co", "-q"
    )

    names = [*loaded.rules, *loaded.dropped]
    assert listed(result) == [f"ringspec::{name}" for name in names]


def test_exactly_the_broken_rule_fails_and_is_shown_as_by_the_command(
    suite: Suite, mutant: Embedded
) -> None:
    result = suite(*at(mutant), "-k", "retryDelays.items", "-v")

    text = output(result)
    assert result.ret == 1
    assert re.findall(r"^(\S+) FAILED", text, re.MULTILINE) == [BROKEN]
    result.stdout.fnmatch_lines(
        [
            f"ringspec: {mutant.url} at level must, Naxai voice broadcasts *",
            "*_ rule retryDelays.items.max _*",
            "FAIL retryDelays.items.max  MUST, documented",
            "  A delay is at most 4320 minutes.",
            "  case    retryDelays.items.max/4321-first",
            "  fault   replace /retryDelays/0: 15 -> 4321",
            "  answer  HTTP 201 Created",
            "  why     an invalid body was accepted with HTTP 201",
            "curl -sS -X POST http*",
            "  and 4 more cases, see -vv or --ringspec-report json=PATH",
            "nonconformant: 1 rule fails, *, by a choice of rules (*",
            f"FAILED {BROKEN} - an invalid body was accepted with HTTP 201",
        ]
    )
    assert mutant.token not in text
    verbose = output(suite(*at(mutant), BROKEN, "-vv"))
    assert verbose.count("  case    retryDelays.items.max/4321-") == 3


def test_one_defect_of_many_rules_is_shown_in_full_once(
    suite: Suite, careless: Careless
) -> None:
    result = suite("--ringspec", careless.url, "-k", "retries. or name.")

    text = output(result)
    assert result.ret == 1
    assert re.findall(r"^FAIL .*  MUST$", text, re.MULTILINE) != []
    assert "  rules " in text
    assert re.search(r"^as +\S+: ", text, re.MULTILINE)


def test_junit_has_a_testcase_for_each_rule(
    suite: Suite, mutant: Embedded, pytester: pytest.Pytester
) -> None:
    suite(*at(mutant), "-k", "retryDelays.items or auth.client", "--junitxml=j.xml")

    cases = {
        str(each.get("name")): each
        for each in ET.parse(pytester.path / "j.xml").iter("testcase")
    }
    failed = cases["retryDelays.items.max"].find("failure")
    assert {each.get("classname") for each in cases.values()} == {"ringspec"}
    assert failed is not None
    assert failed.get("message") == "an invalid body was accepted with HTTP 201"
    assert "4321" in str(failed.text)
    assert cases["auth.client"].find("skipped") is not None
    levels = [e.get("value") for e in cases["auth.client"].iter("property")]
    assert "should" in levels


def test_failures_below_the_level_are_warnings_that_are_shown(
    suite: Suite, ringspec_mutant: Callable[[str], Server]
) -> None:
    broken = ringspec_mutant("from-length-unchecked")

    below = suite(*at(broken), "ringspec::from.length")
    at_it = suite(*at(broken), "ringspec::from.length", "--ringspec-level", "should")

    below.assert_outcomes(passed=1)
    below.stdout.fnmatch_lines(
        ["warn    from.length (SHOULD): *", "conformant in part: *"]
    )
    at_it.assert_outcomes(failed=1)


def test_a_rule_that_no_case_serves_is_inconclusive(
    suite: Suite, mutant: Embedded
) -> None:
    result = suite(*at(mutant), "ringspec::auth.client")

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "inconclusive: 1 rule inconclusive*",
            "no case serves the selection",
            "hint: see -k, -m and --deselect",
        ]
    )


def test_other_tests_stand_beside_the_rules(
    suite: Suite, pytester: pytest.Pytester, mutant: Embedded
) -> None:
    pytester.makepyfile(test_mine="def test_mine(): pass")

    both = suite(*at(mutant), "-k", "test_mine or retryDelays.count", "-v")
    one = suite(*at(mutant), "test_mine.py::test_mine", KEPT, "-v")

    both.assert_outcomes(passed=2, deselected=141)
    one.assert_outcomes(passed=2)
    assert "test_mine.py::test_mine PASSED" in output(one)
    assert f"{KEPT} PASSED" in output(one)
