from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from ringspec.reference import CHECKS, MUTANTS
from ringspec.reference.behaviour import Behaviour
from ringspec.reference.mutants.defects import without

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Send: TypeAlias = "Callable[..., httpx.Response]"
    Body: TypeAlias = "Callable[..., Any]"

ALL = "/voice/broadcasts"
UUID = "8e5d2b17-93aa-4a0c-b6f1-7c9d1e2f3a40"
TRANSFER = "/voiceFlow/menu/choices/2/transfer"
OTHER_TOKEN = {"Authorization": "Bearer another-token-of-some-length"}

# For each mutant a create that it answers otherwise than the reference: the base body
# and edits at JSON pointers, where ... removes what stands there.
WITNESSES: dict[str, tuple[str, dict[str, object]]] = {
    "too-few-delays-accepted": ("survey", {"/retryDelays": [1]}),
    "too-many-delays-accepted": ("survey", {"/retryDelays": [1, 2, 3]}),
    "delay-4321-accepted": ("survey", {"/retryDelays/0": 4321}),
    "negative-delay-accepted": ("survey", {"/retryDelays/0": -1}),
    "later-delays-unbounded": ("survey", {"/retryDelays/1": 9999}),
    "four-retries-accepted": ("people", {"/retries": 4, "/retryDelays": [1, 2, 3, 4]}),
    "true-as-integer-accepted": ("people", {"/retries": True, "/retryDelays": [1]}),
    "numeric-string-accepted": ("survey", {"/retries": "2"}),
    "boolean-string-accepted": ("people", {"/retryOnFailed": "true"}),
    "file-missing-accepted": ("file", {"/file": ...}),
    "people-without-flag-accepted": ("people", {"/includeUnsubscribed": ...}),
    "people-without-segment-accepted": ("people", {"/segmentIds": ...}),
    "two-segments-accepted": ("people", {"/segmentIds": [UUID, UUID]}),
    "no-segment-accepted": ("people", {"/segmentIds": []}),
    "segment-not-uuid-accepted": ("people", {"/segmentIds/0": "segment"}),
    "source-case-ignored": ("people", {"/source": "People"}),
    "language-case-ignored": ("people", {"/language": "fr-be"}),
    "dynamic-name-not-required": ("dynamic", {"/dynamicName": ...}),
    "from-16-accepted": ("people", {"/from": "4416329601012345"}),
    "from-7-accepted": ("people", {"/from": "4416329"}),
    "duplicate-keys-accepted": ("survey", {"/voiceFlow/menu/choices/0/key": "9"}),
    "say-and-prompt-accepted": ("people", {"/voiceFlow/welcome/prompt": "a.mp3"}),
    "transfer-attempts-4-accepted": ("survey", {f"{TRANSFER}/attempts": 4}),
    "name-not-required": ("people", {"/name": ...}),
    "type-not-required": ("people", {"/type": ...}),
    "from-not-required": ("people", {"/from": ...}),
    "source-not-required": ("people", {"/source": ...}),
    "retries-not-required": ("people", {"/retries": ...}),
    "retry-on-no-input-not-required": ("people", {"/retryOnNoInput": ...}),
    "retry-on-failed-not-required": ("people", {"/retryOnFailed": ...}),
    "retry-delays-not-required": ("people", {"/retryDelays": ...}),
    "voice-flow-not-required": ("people", {"/voiceFlow": ...}),
    "delay-4320-refused": ("survey", {"/retryDelays/0": 4320}),
    "language-de-de-refused": ("people", {"/language": "de-DE"}),
    "three-retries-refused": ("people", {"/retries": 3, "/retryDelays": [1, 2, 3]}),
    "crash-after-2038": ("people", {"/scheduledAt": 2147483648}),
    "crash-on-emoji": ("people", {"/name": "Party \U0001f389"}),
    "name-cut": ("people", {"/name": "A name of 21 letters."}),
    "delays-sorted": ("survey", {"/retryDelays": [240, 15]}),
    "say-escaped": ("people", {"/voiceFlow/welcome/say": "Tom & <Jerry>"}),
    "default-language-wrong": ("people", {}),
    "broadcast-id-missing": ("people", {}),
    "created-at-string": ("people", {}),
    "labelled-html": ("people", {}),
    "error-without-envelope": ("people", {"/name": ...}),
    "invalid-as-conflict": ("people", {"/name": ...}),
    "crash-on-invalid": ("people", {"/name": ...}),
    "token-not-checked": ("people", {}),
    "token-of-right-shape-accepted": ("people", {}),
}
ACCEPTING = [name for name, mutant in MUTANTS.items() if "accept" in name]
PLAIN = [
    name
    for name, mutant in MUTANTS.items()
    if not mutant.rule.startswith(("answer.", "auth."))
]


def seen(answer: httpx.Response) -> tuple[object, ...]:
    """Give what an answer shows, with what differs each time by its type only."""
    shown = answer.json()
    for name in ("broadcastId", "createdAt"):
        if name in shown:
            shown[name] = type(shown[name]).__name__
    return answer.status_code, answer.headers["Content-Type"], shown


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_answers_its_witness_otherwise(
    started: Callable[..., Send], body: Body, name: str
) -> None:
    base, edits = WITNESSES[name]
    headers = OTHER_TOKEN if MUTANTS[name].rule == "auth.token" else {}
    reference, mutant = started(), started(mutant=name)

    right = reference("POST", ALL, body(base, edits), headers=headers)
    wrong = mutant("POST", ALL, body(base, edits), headers=headers)

    assert seen(right) != seen(wrong)


@pytest.mark.parametrize("name", ACCEPTING)
def test_lax_mutant_accepts_what_the_reference_refuses(
    started: Callable[..., Send], body: Body, name: str
) -> None:
    headers = OTHER_TOKEN if MUTANTS[name].rule == "auth.token" else {}

    answer = started(mutant=name)("POST", ALL, body(*WITNESSES[name]), headers=headers)

    assert answer.status_code == 201


@pytest.mark.parametrize("name", PLAIN)
def test_mutant_is_right_about_a_plain_body(
    started: Callable[..., Send], body: Body, name: str
) -> None:
    answer = started(mutant=name)("POST", ALL, body())

    assert seen(answer) == seen(started()("POST", ALL, body()))


def test_every_mutant_has_a_witness() -> None:
    assert MUTANTS.keys() == WITNESSES.keys()


def test_mutants_speak_in_kebab_case_and_sentences() -> None:
    for name, mutant in MUTANTS.items():
        assert mutant.name == name
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name)
        assert re.fullmatch("[A-Z].*[.]", mutant.defect)


def test_mutants_name_rules_there_are() -> None:
    held = {check.rule for check in CHECKS}
    other = {"robustness", "auth.token"}

    named = {mutant.rule for mutant in MUTANTS.values()}

    assert all(rule.startswith(("answer.", "error.")) for rule in named - held - other)


def test_mutant_of_a_rule_that_is_not_held_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"name\.length"):
        without("name.length")(Behaviour())
