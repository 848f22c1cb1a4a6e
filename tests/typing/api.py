"""A user's program over the public names: it need not run, but must type-check."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import find, given

from ringspec.spec import (
    Contract,
    Disagreement,
    Json,
    Level,
    Rule,
    RuleId,
    SpecError,
    UsageError,
    dialect_names,
    load,
    pointer,
)
from ringspec.strategies import (
    FAULT_FAMILIES,
    Case,
    Expect,
    Invalid,
    Label,
    Labelled,
    Request,
    breakable_rules,
    cases_of,
    invalid_bodies,
    label_of,
    labelled_bodies,
    line,
    unspecified_bodies,
    valid_bodies,
)


def open_contract(path: Path | None, dialect: str | None) -> Contract:
    try:
        return load(path, dialect=dialect)
    except (SpecError, UsageError) as error:
        sys.exit(f"{error.message}: {error.hint} ({error.exit_code})")


def documented(contract: Contract) -> dict[RuleId, str]:
    return {
        name: rule.sentence
        for name, rule in contract.rules.items()
        if rule.level.gates(Level.MUST)
    }


def where(rule: Rule) -> tuple[str, ...]:
    return rule.places


def judge(contract: Contract, body: Json) -> frozenset[RuleId]:
    try:
        return contract.prover.proven_broken(body)
    except Disagreement:
        return frozenset(
            breach.assertion.rule for breach in contract.prover.breaches(body)
        )


def places(contract: Contract, body: Json) -> list[str]:
    return [pointer(breach.location) for breach in contract.prover.breaches(body)]


def rejected(contract: Contract, seed: int) -> list[Case]:
    return [case for case in cases_of(contract, seed) if case.expect is Expect.REJECT]


def vectors(contract: Contract) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for case in rejected(contract, seed=1):
        request: Request = case.request
        level: Level = case.level
        if level.gates(Level.SHOULD):
            found.setdefault((request.method, request.path), []).append(line(case))
    return found


@given(labelled_bodies(level="must") | unspecified_bodies(dialect="naxai-sdk"))
def test_handler(sample: Labelled) -> None:
    status: int = 201 if sample.is_valid else 422
    content: bytes = sample.content
    assert sample.allows(status), content
    assert sample.label is not Label.INVALID or sample.broken


@given(invalid_bodies("retryDelays", family=FAULT_FAMILIES[0], level=Level.SHOULD))
def test_fault(sample: Invalid) -> None:
    rule: RuleId = sample.rule
    assert rule in breakable_rules(contract=Path("openapi.yaml"))
    assert label_of(sample.twin).is_valid


def plainest(contract: Contract) -> Json:
    return find(valid_bodies(contract), lambda _: True)


def main() -> None:
    for dialect in (None, *dialect_names()):
        contract = open_contract(None, dialect)
        told = f"{contract.title} {contract.version} {contract.sha256}\n"
        sys.stdout.write(told + "\n".join(documented(contract).values()))
        body = {"name": "Notice"}
        assert len(judge(contract, body)) <= len(places(contract, body))
        assert vectors(contract)


if __name__ == "__main__":
    main()
