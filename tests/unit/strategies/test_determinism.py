from __future__ import annotations

import os
import subprocess
import sys

from ringspec.spec import Contract
from ringspec.strategies import Case, line
from ringspec.strategies.case_list import compile_cases

PROGRAM = """
from ringspec.spec import load
from ringspec.strategies import line
from ringspec.strategies.case_list import compile_cases
for case in compile_cases(load()):
    print(line(case).encode().hex())
"""


def test_any_process_compiles_the_same_list(cases: tuple[Case, ...]) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "4242")
    ]

    printed = [process.communicate()[0] for process in processes]

    lines = [line(case).encode().hex() for case in cases]
    assert printed[0].split() == printed[1].split() == lines


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
