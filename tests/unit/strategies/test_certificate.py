from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringspec.spec import Contract, InternalError, load
from ringspec.spec.overlay import SHIPPED
from ringspec.strategies import Case, cases_of, certificate, certified, quick_of
from ringspec.strategies.adequacy import verdicts
from ringspec.strategies.case_list import compile_cases
from ringspec.strategies.certificate import FOLDER, SEED
from ringspec.strategies.certificate import certificate as written


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(certificate, "FOLDER", tmp_path)
    return tmp_path


PROGRAM = """
import sys
from ringspec.spec import load
from ringspec.strategies.adequacy.verdicts import quick
from ringspec.strategies.case_list import compile_cases
from ringspec.strategies.certificate import certificate
contract = load()
cases = compile_cases(contract)
sys.stdout.buffer.write(certificate(contract, cases, quick(contract, cases)))
"""


def test_the_canonical_list_is_what_compiling_gives_in_any_process() -> None:
    printed = subprocess.check_output(
        [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": "4242"}
    )

    shipped = (FOLDER / "canonical.jsonl.gz").read_bytes()
    assert gzip.decompress(printed) == gzip.decompress(shipped)


def test_the_list_of_the_sdks_dialect_is_what_compiling_gives() -> None:
    sdk = load(dialect="naxai-sdk")

    assert certified(sdk) == compile_cases(sdk)


def test_a_dialect_of_another_name_that_says_the_same_has_the_same_list(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(SHIPPED.joinpath("naxai-sdk.yaml").read_bytes())
    mine = load(dialect=str(file))

    assert mine.dialect == "mine"
    assert certified(mine) == certified(load(dialect="naxai-sdk"))


def test_a_damaged_list_is_said_to_be_so(contract: Contract, folder: Path) -> None:
    (folder / "canonical.jsonl.gz").write_bytes(b"not gzip")

    with pytest.raises(InternalError, match="is damaged") as caught:
        certified(contract)
    assert caught.value.hint == "reinstall the package"


def test_a_list_of_another_contract_is_not_used(
    cases: tuple[Case, ...], contract: Contract, folder: Path
) -> None:
    sdk = load(dialect="naxai-sdk")
    (folder / "canonical.jsonl.gz").write_bytes(written(sdk, cases, ()))

    assert certified(contract) is None


def test_without_a_list_cases_are_compiled(
    contract: Contract, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[int] = []

    def compile_none(_contract: Contract, seed: int, _tell: object) -> tuple[Case, ...]:
        compiled.append(seed)
        return ()

    monkeypatch.setattr("ringspec.strategies.case_list.compile_cases", compile_none)

    assert certified(contract) is None
    assert cases_of(contract) == ()
    assert cases_of(contract, 7) == ()
    assert compiled == [SEED, 7]


def test_quick_cases_are_read_from_the_list_and_else_computed(
    contract: Contract,
    cases: tuple[Case, ...],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "canonical.jsonl.gz").write_bytes(written(contract, cases, ("x/y",)))
    monkeypatch.setattr(verdicts, "quick", lambda *_: ["z"])

    assert quick_of(contract, cases) == {"x/y"}
    assert quick_of(contract, cases, 7) == {"z", cases[0].id}


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
