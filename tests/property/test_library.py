"""The strategies for other people's tests: what they draw, refuse and shrink to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis.strategies import SearchStrategy
from hypothesis.vendor.pretty import pretty

from ringspec.reference import ServerSettings, application
from ringspec.spec import Level, RuleId, SpecError, UsageError, load, patched
from ringspec.strategies import (
    FAULT_FAMILIES,
    Invalid,
    Label,
    Labelled,
    breakable_rules,
    invalid_bodies,
    label_of,
    labelled_bodies,
    unspecified_bodies,
    valid_bodies,
)
from ringspec.strategies.shapes.bodies import Bodies

CONTRACT = load()
PLAIN = Bodies(CONTRACT).plain()
DATA = Path(__file__).parent / "data"
SHAPE = Path(__file__).parents[1] / "general/data/choice-shape.yaml"
ORDERS = load(DATA / "orders.yaml")
QUIET = settings(
    database=None,
    derandomize=True,
    max_examples=60,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
)
FEW = settings(max_examples=15)


class Handler:
    """A provider's application, called in this process."""

    def __init__(self, mutant: str | None = None) -> None:
        own = ServerSettings(mutant=mutant)
        self._app = application(own)
        self._headers = {
            "Authorization": f"Bearer {own.token}",
            "Content-Type": "application/json",
        }

    def __call__(self, sample: Labelled) -> int:
        return asyncio.run(self._post(sample.content))

    async def _post(self, content: bytes) -> int:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self._app),
            base_url="http://127.0.0.1",
            headers=self._headers,
        ) as client:
            answer = await client.post("/voice/broadcasts", content=content)
        return answer.status_code


CORRECT = Handler()


@settings(max_examples=50)
@given(labelled_bodies())
def test_a_correct_handler_answers_every_label_as_it_should(sample: Labelled) -> None:
    assert sample.allows(CORRECT(sample))


def test_a_missed_check_shrinks_to_the_plainest_body_with_its_fault() -> None:
    handler = Handler("retry-delays-items-max-unchecked")

    found = find(
        invalid_bodies("retryDelays.items.max"),
        lambda sample: not sample.allows(handler(sample)),
        settings=QUIET,
    )

    assert len(found.patch) == 1
    assert patched(found.twin, found.patch) == found.body
    # Beside the plain body the twin has what the rule is about, and no more.
    delays = found.twin["retryDelays"]
    assert found.twin == {**PLAIN, "retries": 1, "retryDelays": delays}


def test_what_only_a_richer_body_shows_shrinks_to_no_more_than_that() -> None:
    def only_the_first_delay_is_bounded(sample: Invalid) -> bool:
        return bool(sample.body["retryDelays"][0] <= 4320)

    found = find(
        invalid_bodies("retryDelays.items.max"),
        only_the_first_delay_is_bounded,
        settings=QUIET,
    )

    delays = found.twin["retryDelays"]
    assert len(delays) > 1
    assert found.twin == {**PLAIN, "retries": len(delays), "retryDelays": delays}
    assert len(found.patch) == 1


def test_any_invalid_body_shrinks_to_the_plain_one_with_one_fault() -> None:
    faulty = find(labelled_bodies(), lambda sample: sample.is_invalid, settings=QUIET)

    assert isinstance(faulty, Invalid)
    assert faulty.twin == PLAIN
    assert len(faulty.patch) == 1


@FEW
@given(labelled_bodies())
def test_a_label_is_what_any_body_like_it_is_called(sample: Labelled) -> None:
    again = label_of(sample.body)

    # Who does not know how a body was made has to be more careful with some.
    careful = (Label.UNSPECIFIED, ())
    assert (again.label, again.broken) in {(sample.label, sample.broken), careful}
    assert again.label is sample.label or sample.is_invalid


@FEW
@given(unspecified_bodies())
def test_what_no_source_settles_is_one_edit_away_from_valid(sample: Labelled) -> None:
    assert sample.label is Label.UNSPECIFIED
    assert label_of(sample.twin).is_valid
    assert patched(sample.twin, sample.patch) == sample.body
    assert sample.allows(201)
    assert sample.allows(422)
    assert not sample.allows(500)


@FEW
@given(invalid_bodies("retryDelays"))
def test_the_beginning_of_ids_means_all_rules_that_begin_so(sample: Invalid) -> None:
    assert sample.rule.startswith("retryDelays")


# No rule of ours is said by an expression alone.
@pytest.mark.parametrize("family", [it for it in FAULT_FAMILIES if it != "expression"])
def test_a_family_breaks_its_own_keywords(family: str) -> None:
    from ringspec.strategies.faults import FAMILIES  # noqa: PLC0415 - no public name

    @settings(max_examples=3)
    @given(invalid_bodies(family=family))
    def drawn(sample: Invalid) -> None:
        found = CONTRACT.prover.breaches(sample.body)
        assert {each.assertion.keyword for each in found} & set(FAMILIES[family])

    drawn()


@FEW
@given(valid_bodies(level="must"))
def test_at_a_level_nothing_weaker_stands_in_a_valid_body(body: Any) -> None:
    assert CONTRACT.level_of_use(body) == Level.MUST


@FEW
@given(invalid_bodies(level=Level.MUST))
def test_at_a_level_no_fault_binds_less(sample: Invalid) -> None:
    assert sample.level is Level.MUST


def test_rules_are_listed_by_level() -> None:
    every, must = breakable_rules(), breakable_rules(level="must")

    assert "retryDelays.count" in must
    assert "voiceFlow.menu.choices.key.unique" in set(every) - set(must)
    assert [rule for rule in every if rule in set(must)] == list(must)


@FEW
@given(labelled_bodies(dialect="naxai-sdk"))
def test_a_dialect_is_kept_to(sample: Labelled) -> None:
    spelt = sample.body if sample.twin is None else sample.twin

    assert label_of(spelt, dialect="naxai-sdk").is_valid
    assert "includeUnsubscribed" not in spelt


@settings(max_examples=10)
@given(invalid_bodies(contract=DATA / "orders.yaml"))
def test_another_contract_is_given_by_its_file(sample: Invalid) -> None:
    assert label_of(sample.twin, contract=DATA / "orders.yaml").is_valid
    assert ORDERS.prover.proven_broken(sample.body) == {sample.rule}


@settings(max_examples=30)
@given(invalid_bodies(family="enum", contract=SHAPE))
def test_a_rule_of_a_branch_breaks_beside_values_of_others(sample: Invalid) -> None:
    assert label_of(sample.twin, contract=SHAPE).is_valid
    assert sample.rule.endswith(".enum")


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        (
            lambda: invalid_bodies("retryDelay.count"),
            "no rule 'retryDelay.count'",
            "did you mean retryDelays.count?",
        ),
        (
            lambda: invalid_bodies("retryDelays.length"),
            "no body breaks 'retryDelays.length' alone",
            "`breakable_rules()`",
        ),
        (
            lambda: invalid_bodies("auth.token"),
            "it is not of the body",
            "`breakable_rules()`",
        ),
        (
            lambda: invalid_bodies(family="lenght"),
            "no family of faults 'lenght'",
            "did you mean length? one of: type, enum",
        ),
        (
            lambda: invalid_bodies("name", family="range"),
            "no rules 'name' of the family 'range' bind at level may",
            "`ringspec rules`",
        ),
        (lambda: valid_bodies(level="most"), "no level 'most'", "did you mean must?"),
        (
            lambda: valid_bodies(CONTRACT, dialect="naxai-sdk"),
            "takes no dialect",
            "load(..., dialect='naxai-sdk')",
        ),
    ],
    ids=["rule", "not-alone", "not-of-the-body", "family", "nothing", "level", "twice"],
)
def test_what_is_not_there_is_refused_with_the_nearest_name(
    asked: Callable[[], SearchStrategy[Any]], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        asked()

    assert message in caught.value.message
    assert hint in caught.value.hint
    # A test's traceback shows notes, and no attribute of an error.
    assert caught.value.__notes__ == [f"hint: {caught.value.hint}"]


def test_a_file_that_is_no_contract_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        valid_bodies(tmp_path / "missing.yaml")
    with pytest.raises(UsageError):
        valid_bodies(dialect="klingon")


def test_a_sample_shows_what_is_wrong_and_the_body() -> None:
    body = {"retries": 4}
    sample = Invalid(
        body=body,
        broken=(RuleId("retries.enum"),),
        patch=({"op": "replace", "path": "/retries", "value": 4},),
    )

    assert repr(sample) == (
        "Invalid('retries.enum', 'replace /retries by 4', body={'retries': 4})"
    )
    assert repr(Labelled(body=1, label=Label.VALID)) == "Labelled('valid', body=1)"


def test_a_sample_is_printed_over_lines() -> None:
    broken, gone = RuleId("name.required"), {"op": "remove", "path": "/name"}
    sample = Invalid(body=PLAIN, broken=(broken,), patch=(gone,))

    told = pretty(sample)

    assert told.startswith("Invalid('name.required',\n    'remove /name',\n")
    assert max(map(len, told.splitlines())) < 80


def test_the_lines_that_the_page_shows_test_an_application() -> None:
    page = (Path(__file__).parents[2] / "docs" / "hypothesis.md").read_text("utf-8")
    shown = re.search(r'```python title="test_app.py"\n(.*?)```', page, re.DOTALL)
    assert shown is not None
    module: dict[str, Any] = {}

    exec(compile(shown[1], "test_app.py", "exec"), module)

    module["test_every_body_is_answered_as_it_should"]()


SHARES = Path(__file__).parents[1] / "general" / "holds" / "shares.yaml"


@FEW
@given(valid_bodies(SHARES))
def test_drawn_bodies_keep_to_expressions(body: Any) -> None:
    assert sum(each["percent"] for each in body["shares"]) == pytest.approx(100)


@FEW
@given(invalid_bodies("shares.sum", family="expression", contract=SHARES))
def test_drawn_faults_break_an_expression_alone(sample: Invalid) -> None:
    assert sum(each["percent"] for each in sample.body["shares"]) != 100
    assert label_of(sample.body, contract=SHARES).broken == ("shares.sum",)
