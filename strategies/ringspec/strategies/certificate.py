"""Certificates: case lists that were proven beforehand, bound to their contract.

Proof by two validators takes a second or two; a run on a contract that comes with the
package need not wait for it. A list is only used for the very contract (by its digest)
and seed that it was proven for; the tests compile and prove each of them anew.

`python -m ringspec.strategies` writes them.
"""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

from ringspec.spec import Contract, InternalError, Json, Level, RuleId
from ringspec.strategies.case import Case, Expect, Request, encode, line

FOLDER = Path(__file__).parent / "certified"
FORMAT = "ringspec-certificate/1"
SEED = 0


def cases_of(contract: Contract, seed: int = SEED) -> tuple[Case, ...]:
    """Return the proven cases of a contract, from its certificate if there is one.

    Raises:
        SpecError: the contract has something that cannot be compiled.
    """
    if seed == SEED and (found := certified(contract)) is not None:
        return found
    # Only here: a certified run needs neither validators nor the compiler.
    from ringspec.strategies.suite import compile_cases  # noqa: PLC0415

    return compile_cases(contract, seed)


def certified(contract: Contract) -> tuple[Case, ...] | None:
    """Return the certified cases of a contract; None without a certificate."""
    path = FOLDER / f"{contract.dialect or 'canonical'}.jsonl.gz"
    if not path.is_file():
        return None
    try:
        head, *rows = gzip.decompress(path.read_bytes()).decode().splitlines()
        if json.loads(head) != _head(contract, len(rows)):
            return None
        return tuple(parse(json.loads(row)) for row in rows)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InternalError(
            f"the certificate {path.name} is damaged: {error}",
            hint="install the package anew",
        ) from error


def certificate(contract: Contract, cases: tuple[Case, ...]) -> bytes:
    """Write a certificate of cases that have been proven; the same for the same."""
    head = json.dumps(_head(contract, len(cases)))
    text = "\n".join([head, *(line(case) for case in cases)]) + "\n"
    return gzip.compress(text.encode(), mtime=0)


def _head(contract: Contract, cases: int) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "contract": contract.sha256,
        "seed": SEED,
        "cases": cases,
    }


def parse(row: dict[str, Json]) -> Case:
    """Read a case from what `ringspec cases` prints; KeyError if it is none."""
    request = row["request"]
    if "body_base64" in request:
        body = base64.b64decode(request["body_base64"])
    else:
        body = encode(request["body"])
    fault = row["fault"]
    return Case(
        id=row["id"],
        rule=RuleId(row["rule"]),
        level=Level(row["level"]),
        expect=Expect(row["expect"]),
        status=tuple(row["status"]),
        request=Request(
            method=request["method"],
            path=request["path"],
            headers=tuple(request["headers"].items()),
            body=body,
        ),
        twin=row["twin"],
        fault=tuple(fault) if isinstance(fault, list) else fault,
        broken=tuple(RuleId(rule) for rule in row["broken"]),
        coupled=row["coupled"],
    )
