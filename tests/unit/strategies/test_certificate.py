from __future__ import annotations

import gzip
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import Contract, load
from ringspec.spec.overlay import SHIPPED
from ringspec.strategies import Case, Expect, cases_of, certificate, line, quick_of
from ringspec.strategies.adequacy import verdicts
from ringspec.strategies.case_list import compile_cases
from ringspec.strategies.certificate import FOLDER, Certificate


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the shipped lists, with none in it."""
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(certificate, "FOLDER", tmp_path / "shipped")
    return tmp_path / "shipped"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(certificate.CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compiled(
    cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[int, bool]]:
    """Return what is compiled from now on, by seed and thoroughness: five cases."""
    asked: list[tuple[int, bool]] = []

    def compile_few(_contract: Contract, seed: int, *_: object, thorough: bool) -> Any:
        asked.append((seed, thorough))
        return cases[:5]

    monkeypatch.setattr("ringspec.strategies.case_list.compile_cases", compile_few)
    return asked


def of(contract: Contract, cases: tuple[Case, ...] = (), **more: Any) -> Certificate:
    rows = tuple(map(line, cases))
    return Certificate(contract=contract.sha256, rows=rows, **more)


PROGRAM = """
import sys
from ringspec.spec import load
from ringspec.strategies import Certificate, line
from ringspec.strategies.adequacy.verdicts import quick
from ringspec.strategies.case_list import compile_cases
contract = load()
cases = compile_cases(contract)
rows, few = tuple(map(line, cases)), quick(contract, cases)
made = Certificate(contract=contract.sha256, rows=rows, quick=few)
sys.stdout.buffer.write(made.content)
"""


def test_the_canonical_list_is_what_compiling_gives_in_any_process() -> None:
    printed = subprocess.check_output(
        [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": "4242"}
    )

    shipped = (FOLDER / "canonical.jsonl.gz").read_bytes()
    assert gzip.decompress(printed) == gzip.decompress(shipped)


def test_the_list_of_the_sdks_dialect_is_what_compiling_gives() -> None:
    sdk = load(dialect="naxai-sdk")
    known = of(sdk).known()

    assert known
    assert known.cases == compile_cases(sdk)


def test_a_dialect_of_another_name_that_says_the_same_has_the_same_list(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(SHIPPED.joinpath("naxai-sdk.yaml").read_bytes())
    mine = load(dialect=str(file))

    assert mine.dialect == "mine"
    assert of(mine).known() == of(load(dialect="naxai-sdk")).known()


def test_a_damaged_list_is_as_good_as_none(
    contract: Contract,
    cases: tuple[Case, ...],
    shipped: Path,
    compiled: list[tuple[int, bool]],
) -> None:
    (shipped / "canonical.jsonl.gz").write_bytes(b"not gzip")

    assert cases_of(contract) == cases[:5]
    assert compiled == [(0, False)]


def test_a_list_of_another_contract_is_not_used(
    cases: tuple[Case, ...], contract: Contract, shipped: Path
) -> None:
    sdk = load(dialect="naxai-sdk")
    (shipped / "canonical.jsonl.gz").write_bytes(of(sdk, cases).content)

    assert of(contract).known() is None


def test_a_list_is_compiled_once_and_then_kept(
    contract: Contract,
    cases: tuple[Case, ...],
    cache: Path,
    compiled: list[tuple[int, bool]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):
        assert cases_of(contract) != cases[:5], "the shipped one goes before"
        assert cases_of(contract, 7) == cases[:5]
        assert cases_of(contract, 7, thorough=True) == cases[:5]
        assert cases_of(contract, thorough=True) == cases[:5]
    assert compiled == [(7, False), (7, True), (0, True)]
    odd = replace(cases[1], id="a line\u2028and\x85another")
    of(contract, (cases[0], odd), seed=8).keep()
    assert cases_of(contract, 8) == (cases[0], odd)

    for file in cache.iterdir():
        file.write_bytes(file.read_bytes()[:100])
    cases_of(contract, 7)
    cases_of(contract, 7)
    assert compiled[3:] == [(7, False)], "a damaged file is mended"

    monkeypatch.setattr(certificate, "_code", lambda: "another version")
    cases_of(contract, 7)
    assert compiled[4:] == [(7, False)]


def test_a_cache_is_bounded_and_may_be_of_no_use(
    contract: Contract,
    cache: Path,
    compiled: list[tuple[int, bool]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(certificate, "_MOST", 3)
    for seed in (1, 2, 3, 1, 4):
        cases_of(contract, seed)
    cases_of(contract, 1)  # used after 2, so that it is not the oldest
    assert len(list(cache.iterdir())) == 3
    assert compiled == [(seed, False) for seed in (1, 2, 3, 4)]

    for file in cache.iterdir():
        file.unlink()
    cache.rmdir()
    cache.write_text("no folder")
    assert cases_of(contract, 1)
    assert cases_of(contract, 1)
    assert compiled[4:] == [(1, False)] * 2


def test_quick_cases_are_worked_out_once(
    contract: Contract,
    cases: tuple[Case, ...],
    shipped: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = of(contract, cases, quick=("x/y",))
    (shipped / "canonical.jsonl.gz").write_bytes(few.content)
    of(contract, cases, seed=7).keep()
    asked: list[int] = []

    def quick(*_: object) -> list[str]:
        asked.append(1)
        return ["z"]

    monkeypatch.setattr(verdicts, "quick", quick)

    assert quick_of(contract, cases) == {"x/y"}
    for _ in range(2):
        assert quick_of(contract, cases, 7) == {"z", cases[0].id}
    assert len(asked) == 1
    assert quick_of(contract, cases[:9]) == {"z", cases[0].id}, "of a part"


def test_a_thorough_list_adds_cases_that_tell_each_context(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    thorough = compile_cases(contract, thorough=True)
    rejected = [it for it in thorough if it.expect == Expect.REJECT and it.twin]

    assert {case.id: case for case in thorough}.items() >= {
        case.id: case for case in cases
    }.items()
    for language in contract.whole["properties"]["language"]["enum"]:
        beside = [it for it in rejected if language in str(it.request.body)]
        about = {it.rule for it in beside if it.rule.startswith("voiceFlow")}
        assert about == {it.rule for it in rejected if it.rule.startswith("voiceFlow.")}


def test_another_seed_gives_another_list_that_is_proven_too(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    others = compile_cases(contract, 20260)

    assert {case.request.body for case in others} != {
        case.request.body for case in cases
    }
    assert {case.broken for case in others} == {case.broken for case in cases}
    for case in others:
        if case.is_about_body:
            assert contract.prover.broken(case.body) == set(case.broken)
