from __future__ import annotations

import asyncio
import json
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest

from ringspec.reference import CHECKS, EQUIVALENT, MUTANTS, ServerSettings, application
from ringspec.reference.behaviour import Behaviour
from ringspec.reference.mutants import FLEET
from ringspec.reference.mutants.defects import without

from .conftest import SECRETS, URL
from .test_checks import ACCEPTED, REFUSED
from .witnesses import FAULTS, SCRIPTS, VALID, Ask, create, script_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHECKED = {check.rule for check in CHECKS}
# Rules whose mutants differ in whether a body is accepted.
JUDGED = [
    name for name, one in MUTANTS.items() if one.rule in {*CHECKED, "body.accepted"}
]
ACCEPTING = [name for name in JUDGED if "accepted" in name or "unchecked" in name]
ANSWERING = [name for name, one in MUTANTS.items() if one.rule.startswith("answer.")]
TIMES = re.compile(r'"(\w+At)":1[0-9]{12}\b')
# A server that has not answered by then hangs.
PATIENCE_S = 0.5


class Outcome(NamedTuple):
    """What an answer shows; nothing but how it fails if none comes whole."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    failure: str = ""


async def play(mutant: str | None, script: tuple[Ask, ...]) -> AsyncIterator[Outcome]:
    """Send a server request after request, and give what comes of each."""
    app = application(ServerSettings(mutant=mutant, **SECRETS))
    ids: list[str] = []
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=URL
    ) as http:
        for ask in script:
            yield await outcome(http, ask, ids)


async def outcome(http: httpx.AsyncClient, ask: Ask, ids: list[str]) -> Outcome:
    path = ask.path
    for number, known in enumerate(ids):
        path = path.replace(f"{{{number}}}", known)
    headers = {"Content-Type": "application/json", **ask.headers}
    if ask.token is not None:
        headers.setdefault("Authorization", f"Bearer {ask.token}")
    if ask.content is not None and "Content-Type" not in ask.headers:
        del headers["Content-Type"]
    content = ask.content or b""
    if ask.body is not None:
        content = json.dumps(ask.body).encode()
    try:
        async with asyncio.timeout(PATIENCE_S):
            answer = await http.request(
                ask.method, path, content=content, headers=headers
            )
    except Exception as error:  # noqa: BLE001 - whatever the application raises
        return Outcome(failure=type(error).__name__)
    note_id(answer, ask, ids)
    return shown(answer, ids)


def note_id(answer: httpx.Response, ask: Ask, ids: list[str]) -> None:
    """Note the id of what was created, so that later requests can name it."""
    if ask.method != "POST" or ask.path != "/voice/broadcasts":
        return
    found = re.search(rb'"broadcastId":"([^"]+)"', answer.content)
    if found and answer.status_code < 300:
        ids.append(found[1].decode())


def shown(answer: httpx.Response, ids: list[str]) -> Outcome:
    """Give what an answer shows, with what differs each time by its kind only."""
    text = answer.content.decode("latin-1")
    for number, known in enumerate(ids):
        text = text.replace(known, f"#{number}")
    content = TIMES.sub(r'"\1":"time"', text).encode()
    headers = {**answer.headers}
    length = headers.pop("content-length", str(len(answer.content)))
    # What was packed is unpacked here; its length is that of the pack.
    whole = "content-encoding" in headers or length == str(len(answer.content))
    return Outcome(
        answer.status_code,
        tuple(sorted(headers.items())),
        content,
        "" if whole else "short",
    )


@cache
def right(rule: str) -> tuple[Outcome, ...]:
    async def all_of_it() -> tuple[Outcome, ...]:
        return tuple([each async for each in play(None, script_of(rule))])

    return asyncio.run(all_of_it())


def differ(due: Outcome, got: Outcome, *, judged: bool) -> bool:
    """Tell whether answers differ; if it is about judgement, whether that does."""
    return due.status != got.status if judged else due != got


@cache
def witness(name: str) -> tuple[Outcome, Outcome] | None:
    """Give the first answers in which the reference and a mutant differ."""
    rule = MUTANTS[name].rule
    expected = iter(right(rule))

    async def first_difference() -> tuple[Outcome, Outcome] | None:
        async for got in play(name, script_of(rule)):
            due = next(expected)
            if differ(due, got, judged=name in JUDGED):
                return due, got
        return None

    return asyncio.run(first_difference())


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_answers_a_witness_of_its_rule_otherwise(name: str) -> None:
    assert witness(name) is not None


@pytest.mark.parametrize("name", JUDGED)
def test_mutant_of_a_rule_on_the_body_judges_a_body_otherwise(name: str) -> None:
    due, got = witness(name) or (Outcome(), Outcome())

    assert {due.status // 100, got.status // 100} == {2, 4}


@pytest.mark.parametrize("name", ACCEPTING)
def test_lax_mutant_accepts_what_the_reference_refuses(name: str) -> None:
    due, got = witness(name) or (Outcome(), Outcome())

    assert due.status == 422
    assert got.status // 100 == 2


@pytest.mark.parametrize("name", ANSWERING)
def test_mutant_of_the_answer_accepts_what_the_reference_accepts(name: str) -> None:
    due, got = witness(name) or (Outcome(), Outcome())

    assert due.status in {200, 201}
    assert got.status // 100 == 2


@pytest.mark.parametrize(
    "name", [name for name, one in MUTANTS.items() if one.rule == "robustness"]
)
def test_mutant_without_robustness_breaks_down_or_off(name: str) -> None:
    due, got = witness(name) or (Outcome(), Outcome())

    assert 200 <= due.status < 500
    assert got.status >= 500 or got.failure


@pytest.mark.parametrize("rule", sorted({*SCRIPTS} - {"answer", "error"}))
def test_reference_answers_a_script_the_same_way_twice(rule: str) -> None:
    async def again() -> tuple[Outcome, ...]:
        return tuple([each async for each in play(None, script_of(rule))])

    assert asyncio.run(again()) == right(rule)


def test_scripts_of_the_life_cycle_meet_no_error_but_what_they_are_about() -> None:
    crashes = {
        (rule, each.status)
        for rule in SCRIPTS
        for each in right(rule)
        if each.status >= 500 or each.failure
    }

    assert crashes == set()


@pytest.mark.parametrize(
    ("rule", "base", "edits"),
    [(rule, *row) for rule, rows in FAULTS.items() for row in rows],
)
def test_row_of_a_rule_breaks_that_rule(
    rule: str, base: str, edits: dict[str, object]
) -> None:
    async def problems() -> list[str]:
        async for each in play(None, (create(base, edits),)):
            return list(json.loads(each.content)["error"]["rules"])
        return []

    assert rule in asyncio.run(problems())


def test_every_row_that_breaks_no_rule_is_accepted() -> None:
    statuses = {each.status for each in right("answer")}

    assert statuses == {200, 201}
    assert len(right("answer")) == len(VALID) + len(ACCEPTED) + 3


def test_mutants_speak_in_kebab_case_and_sentences() -> None:
    for name, mutant in MUTANTS.items():
        assert mutant.name == name
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
        assert re.fullmatch("[A-Z].*[.]", mutant.defect)


def test_no_two_mutants_have_one_name() -> None:
    assert len(MUTANTS) == len(FLEET)


def test_fleet_is_large() -> None:
    assert len(MUTANTS) >= 230


def test_every_rule_on_the_body_has_a_mutant_save_the_equivalents() -> None:
    named = {mutant.rule for mutant in MUTANTS.values()}

    assert CHECKED - named == {"retryDelays.length"}


def test_equivalents_are_no_mutants_and_have_a_reason() -> None:
    assert MUTANTS.keys().isdisjoint(EQUIVALENT)
    assert all(re.fullmatch("[A-Z].*[.]", reason) for reason in EQUIVALENT.values())


def test_forgetting_an_equivalent_changes_no_judgement() -> None:
    forgetful = without("retryDelays.length")(Behaviour())
    rules = {check.rule for check in forgetful.checks}

    assert {rule for rule, _, _ in REFUSED} - {"retryDelays.length"} <= rules


def test_mutants_name_rules_there_are() -> None:
    named = {mutant.rule for mutant in MUTANTS.values()}
    kinds = ("answer.", "error.", "auth.", "wire.", "lifecycle.")

    others = {rule for rule in named - CHECKED if not rule.startswith(kinds)}

    assert others == {"robustness", "body.accepted", "X-version.accepted"}


def test_mutant_of_a_rule_that_is_not_held_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"name\.length"):
        without("name.length")(Behaviour())
