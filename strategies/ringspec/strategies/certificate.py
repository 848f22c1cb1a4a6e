"""Certificates: case lists proven beforehand, bound to their contract.

A run on a contract that comes with the package need not wait for the proof. A list is
only used for the very contract, by its digest, and seed that it was proven for; the
tests prove each again. `python -m ringspec.strategies` writes them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

from ringspec.spec.contract import Contract
from ringspec.spec.errors import InternalError
from ringspec.spec.rules import RuleId
from ringspec.spec.values import Json
from ringspec.strategies.case import Case, line, parse_case, rules_without_case

FOLDER = Path(__file__).parent / "certified"
FORMAT = "ringspec-certificate/1"
SEED = 0


def cases_of(
    contract: Contract, seed: int = SEED, tell: Callable[[str], object] = str
) -> tuple[Case, ...]:
    """Return the proven cases of a contract, from its certificate if possible.

    `tell` is told what takes its time.

    Raises:
        SpecError: the contract has something that cannot be compiled.
    """
    if seed == SEED and (found := certified(contract)) is not None:
        return found
    # Only here: a certified run needs neither validators nor the compiler.
    from ringspec.strategies.case_list import compile_cases  # noqa: PLC0415

    return compile_cases(contract, seed, tell)


def quick_of(
    contract: Contract, cases: tuple[Case, ...], seed: int = SEED
) -> frozenset[str]:
    """Return the ids of the fewest cases that detect every mutation of a contract."""
    if seed == SEED and (found := _read(contract)):
        return frozenset(found[0]["quick"])
    from ringspec.strategies.adequacy.verdicts import quick  # noqa: PLC0415 - as above

    # Of parameters there are few: all of theirs, and the plain case.
    own = contract.of_parameters.rules if contract.of_parameters else ()
    others = [case.id for case in cases if case.rule in own]
    return frozenset((*quick(contract, cases), *others, *(it.id for it in cases[:1])))


def untested(contract: Contract, cases: tuple[Case, ...]) -> dict[RuleId, str]:
    """Return the rules that no case of a list breaks, each with the reason."""
    if not (rules := rules_without_case(contract, cases)):
        return {}
    from ringspec.strategies.bodies.invalid import why_unbroken  # noqa: PLC0415

    return why_unbroken(contract, cases, rules)


def certified(contract: Contract) -> tuple[Case, ...] | None:
    """Return the certified cases of a contract; None without a certificate."""
    found = _read(contract)
    return tuple(parse_case(json.loads(row)) for row in found[1]) if found else None


def _read(contract: Contract) -> tuple[dict[str, Json], list[str]] | None:
    """Read the head and the rows of a contract's certificate; None without one."""
    own = FOLDER / f"{contract.dialect or 'canonical'}.jsonl.gz"
    # A probed dialect may have the same rules under another name.
    for path in [own] if own.is_file() else sorted(FOLDER.glob("*.jsonl.gz")):
        try:
            first, *rows = gzip.decompress(path.read_bytes()).decode().splitlines()
            head = json.loads(first)
            expected = _head(contract, len(rows), head["quick"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InternalError(
                f"the certificate {path.name} is damaged: {error}",
                hint="reinstall the package",
            ) from error
        if head == expected:
            return head, rows
    return None


def certificate(
    contract: Contract, cases: tuple[Case, ...], quick: tuple[str, ...]
) -> bytes:
    """Return the certificate of proven cases; the same bytes for the same cases."""
    head = json.dumps(_head(contract, len(cases), list(quick)))
    text = "\n".join([head, *map(line, cases)]) + "\n"
    return gzip.compress(text.encode(), mtime=0)


def _head(contract: Contract, cases: int, quick: list[str]) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "contract": contract.sha256,
        "seed": SEED,
        "cases": cases,
        "quick": quick,
    }
