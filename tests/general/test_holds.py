"""Rules that JSON Schema cannot say: small contracts with one of CEL each.

In: `holds/`, where a row stands beside a schema, in an operation object, in a catalogue
(`NAME.rules.yaml`) or in a pack (`NAME.pack.yaml`); `holding.py`, servers without CEL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringspec.spec import load
from ringspec.spec.expressions import Expression
from ringspec.strategies import cases_of

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - likewise
from .documents import TOKEN, Json
from .holding import FOLDER, KINDS, Holding, holding_app
from .test_packs import SHARED, Spoiled, read, telling

CALLS = SHARED / "ClickToDial/code/API_definitions/click-to-dial.yaml"
OTHER = {
    "id": "callee.other",
    "operation": "createCall",
    "level": "must",
    "evidence": "documented",
    "sentence": "Caller and callee cannot be the same number.",
    "source": "click-to-dial.yaml, SAME_CALLER_CALLEE",
    "holds": "self.caller.number != self.callee.number",
    "answer": {"status": 422, "code": "SAME_CALLER_CALLEE"},
}

pytestmark = pytest.mark.usefixtures("read_once")


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    with served(holding_app(), log_level="critical") as url:
        yield url


@pytest.fixture
def run(ringspec: Callable[..., Ended], servers: str) -> Callable[..., Ended]:
    """Run the command against one of the servers of a contract."""

    def call(name: str, server: str, *more: str) -> Ended:
        pack = FOLDER / f"{name}.pack.yaml"
        rules = ("--rules", pack) if pack.exists() else ()
        options = ("--contract", FOLDER / f"{name}.yaml", "--level=may", *rules)
        return ringspec("run", f"{servers}/{name}/{server}", *options, "--quiet", *more)

    return call


@pytest.mark.parametrize("name", KINDS)
def test_a_right_server_is_clean(run: Callable[..., Ended], name: str) -> None:
    ended = run(name, "right")

    assert (ended.status, ended.failing) == (0, set()), ended.stdout
    assert ended.outcomes[KINDS[name].rule] == "pass"
    assert not ended.having("inconclusive")


@pytest.mark.parametrize(
    ("name", "slip"), [(name, slip) for name in KINDS for slip in KINDS[name].slips]
)
def test_a_slip_fails_the_rule_alone(
    run: Callable[..., Ended], name: str, slip: str
) -> None:
    ended = run(name, slip, "--phase=cases")

    assert (ended.status, ended.failing) == (1, {KINDS[name].rule}), ended.stdout


def test_a_failure_shows_the_sentence_and_the_values(
    ringspec: Callable[..., Ended], servers: str
) -> None:
    options = ("--contract", FOLDER / "lessons.yaml", "--phase=cases")

    told = ringspec("run", f"{servers}/lessons/unchecked", *options).stdout

    assert "A fixed lesson has a slot for each place." in told
    assert "size(" in told


def test_a_body_is_evaluated_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second evaluator, the slow one, reads what is in the list and little else."""
    counted, holds = Counter[bool](), Expression.holds

    def count(self: Expression, *values: Json, quick: bool) -> bool | None:
        counted[quick] += 1
        return holds(self, *values, quick=quick)

    monkeypatch.setattr(Expression, "holds", count)
    cases = cases_of(load(FOLDER / "shares.yaml"))

    assert len(cases) < counted[False] < 3 * len(cases)
    assert counted[True] < 20 * len(cases)


@pytest.fixture
def dial(ringspec: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    """Run the command with a pack on ClickToDial against a server with a check."""
    if not CALLS.exists():
        pytest.skip(f"{CALLS.name} is not beside the checkout")
    pack = tmp_path / "calls.yaml"
    pack.write_text(yaml.safe_dump({"rules": [OTHER]}), "utf-8")

    def call(
        code: str = "SAME_CALLER_CALLEE", status: int = 422, *, checks: bool = True
    ) -> Ended:
        server = Holding(
            read(CALLS),
            check=lambda it: it["caller"] != it["callee"] or not checks,
            operation="createCall",
            status=status,
        )
        spoilt = Spoiled(server, telling((422).__eq__, status=422, code=code))
        with served(spoilt, log_level="critical") as url:
            options = ("--contract", CALLS, "--rules", pack, "--bearer", TOKEN)
            only = ("--operation=createCall", "--phase=cases", "--level=may")
            return ringspec("run", url, *options, *only, "--quiet")

    return call


def test_caller_and_callee_differ(dial: Callable[..., Ended]) -> None:
    right = dial()

    assert (right.status, right.failing) == (0, set()), right.stdout
    assert right.outcomes["callee.other"] == "pass"


@pytest.mark.parametrize(
    "wrong",
    [{"checks": False}, {"code": "INVALID_PHONE_NUMBER"}, {"status": 400}],
    ids=str,
)
def test_the_same_caller_is_told(
    dial: Callable[..., Ended], wrong: dict[str, Any]
) -> None:
    ended = dial(**wrong)

    assert (ended.status, ended.failing) == (1, {"callee.other"}), ended.stdout
