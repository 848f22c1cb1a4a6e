"""Documents that others wrote, unedited: whole APIs, right and with one defect each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - likewise
from .documents import TOKEN, USER, Defect, Document, Server, defects, name_of

SHARED = Path(__file__).parents[3] / "shared" / "contracts"
CAMARA = "camara/{}/code/API_definitions/{}.yaml"
DOCUMENTS = {
    "petstore30": "petstore30.yaml",
    "petstore31": "petstore31.json",
    "museum": "museum.yaml",
    "tictactoe": "tictactoe.json",
    "calls": CAMARA.format("ClickToDial", "click-to-dial"),
    "sessions": CAMARA.format("QualityOnDemand", "quality-on-demand"),
    "swaps": CAMARA.format("SimSwap", "sim-swap"),
    "passwords": CAMARA.format("OTPValidation", "one-time-password-sms"),
}
# The creates of these do not describe an answer, so that nobody knows what they made.
MUTE = {"petstore31"}
FEW = 6
# Long lists are shortened.
QUICK = {"petstore30", "petstore31", "sessions"}


pytestmark = pytest.mark.usefixtures("read_once")


@cache
def document(name: str) -> Document:
    path = SHARED / DOCUMENTS[name]
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    return Document(path)


@pytest.fixture(params=DOCUMENTS)
def name(request: pytest.FixtureRequest) -> str:
    document(request.param)
    return str(request.param)


@pytest.fixture
def run(ringspec: Callable[..., Ended]) -> Callable[..., Ended]:
    """Run the command against a server of a document."""

    def call(name: str, server: Server, *more: str) -> Ended:
        access = ("--user", USER) if name == "museum" else ("--bearer", TOKEN)
        with served(server, log_level="critical") as url:
            path = SHARED / DOCUMENTS[name]
            options = ("--contract", path, "--level", "may", "--quiet", *access)
            return ringspec("run", url, *options, *more)

    return call


def test_a_correct_server_is_conformant_at_the_strictest_level(
    run: Callable[..., Ended], name: str
) -> None:
    quick = ("--quick", "--phase", "cases,auth") if name in QUICK else ()
    ended = run(name, Server(document(name)), *quick)
    assert (ended.failing, ended.stderr) == (set(), "")
    if name in MUTE:
        assert ended.status == 3
        assert "the target has no such petId, a made-up name" in ended.stdout
        assert "name what the target has in a profile: `[values]`" in ended.stdout
    else:
        assert not ended.having("inconclusive")
        assert ended.status == 0


@pytest.mark.parametrize("habit", ["404", "422", "silent", "ended"])
def test_lawful_habits_fail_nothing(run: Callable[..., Ended], habit: str) -> None:
    server = Server(document("museum"), habits=frozenset({habit}))
    # That an answer shows what was sent is the weakest demand.
    level = ("--level", "should") if habit == "silent" else ()
    ended = run("museum", server, "--phase", "cases,lifecycle", *level)
    # What can be read after its deletion may be kept as it ended, or may not be gone.
    unsure = {"createSpecialEvent/lifecycle.deleted"} if habit == "ended" else set()
    assert (ended.failing, ended.having("inconclusive")) == (set(), unsure)


def chosen(name: str) -> Iterator[tuple[Defect, str]]:
    """Choose a defect of each kind, at operations that differ."""
    seen: set[str] = set()
    operations = document(name).operations.items()
    for defect, rule in defects(document(name)):
        at = next(
            t for (m, t), node in operations if name_of(m, t, node) == defect.operation
        )
        if name in MUTE and document(name).maker_of(at):
            continue
        kind = f"{defect.kind} {rule.rpartition('.')[2]}"
        # Of requests a few kinds will do.
        few = defect.kind != "unchecked" or len(seen) < FEW
        if kind not in seen and few:
            seen.add(kind)
            yield defect, rule


def test_each_defect_fails_its_rule(run: Callable[..., Ended], name: str) -> None:
    survivors, listed = [], [*chosen(name)]
    for defect, rule in listed:
        server = Server(document(name), defect)
        # Whatever is sent may meet a crash.
        only = ("--select", rule) if rule != "robustness" else ()
        ended = run(name, server, "--operation", defect.operation, *only)
        if rule not in ended.failing:
            survivors.append((defect, rule))
    assert len(listed) >= 10
    assert not survivors


def test_a_defect_is_named_with_its_operation(run: Callable[..., Ended]) -> None:
    server = Server(document("tictactoe"), Defect("any-token", "put-square"))
    assert run("tictactoe", server).failing == {"put-square/auth.token"}
