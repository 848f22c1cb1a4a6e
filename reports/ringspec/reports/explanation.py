"""Rules explained: where they stand, examples, usual causes of failures, the fix."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from ringspec.reports.case_text import expectation, fault_lines
from ringspec.reports.console import console
from ringspec.reports.json_report import rule_json
from ringspec.reports.printable import json_page, visible
from ringspec.spec import (
    Contract,
    Json,
    Rule,
    RuleId,
    SpecError,
    explanation,
    judged_with_others,
    places_of,
)
from ringspec.strategies import Case, Expect, cases_of, untested, wire_request


def explain(contract: Contract, rules: Iterable[RuleId]) -> list[dict[str, Json]]:
    """Explain some rules of a contract, with examples from its list of cases."""
    trouble = ""
    cases: tuple[Case, ...] = ()
    try:
        cases = cases_of(contract)
    except SpecError as error:
        trouble = f"No case can be made of this contract: {error}"
    told = []
    for rule in map(contract.rules.__getitem__, rules):
        serving = [each for each in cases if rule.id in (each.rule, *each.broken)]
        why = trouble or contract.catalogue.not_isolated.get(rule.id, "")
        if not why and all(each.expect is Expect.ACCEPT for each in serving):
            unbroken = untested(contract, cases).get(rule.id, "")
            why = f"It is untested: {unbroken}." if unbroken else ""
        if not why and not serving:
            why = judged_with_others(rule) or "No case serves it."
        causes, fix = explanation(contract, rule)
        told.append(
            {
                **rule_json(rule),
                "places": _places(contract, rule),
                **_examples(rule, serving, {each.id: each for each in cases}),
                "no_example": why,
                "causes": causes,
                "fix": fix,
            }
        )
    return told


def _places(contract: Contract, rule: Rule) -> list[dict[str, Json]]:
    """Return the places of a rule, with what they hold where a schema states it."""
    stated = {each.place: each.value for each in places_of(contract, rule)}
    return [
        {"place": it, **({"value": stated[it]} if it in stated else {})}
        for it in rule.places
    ]


def _examples(
    rule: Rule, serving: list[Case], cases: dict[str, Case]
) -> dict[str, Json]:
    """Return the plainest case that breaks a rule, and a valid one, on its boundary."""
    breaking = [each for each in serving if each.expect is not Expect.ACCEPT]
    # Those that break it alone come first.
    breaking.sort(key=lambda each: (each.rule != rule.id, each.coupled))
    invalid = next(iter(breaking), None)
    twin = cases.get(invalid.twin or "") if invalid else None
    valid = next((each for each in serving if each.expect is Expect.ACCEPT), twin)
    return {
        name: {
            "case": case.id,
            "twin": case.twin,
            "expect": case.expect,
            "due": expectation(case),
            "sent": [
                f"{it.request.method} {it.request.path}" for it in case.steps or [case]
            ],
            "fault": fault_lines(case, cases.get(case.twin or "")),
            "body": wire_request(case.request).get("body"),
        }
        if case
        else None
        for name, case in (("valid", valid), ("invalid", invalid))
    }


def rules_json(rules: Iterable[Rule]) -> list[dict[str, Json]]:
    """Return the rows of a catalogue, with their places."""
    return [{**rule_json(rule), "places": list(rule.places)} for rule in rules]


def print_rules(
    rules: Sequence[dict[str, Json]], stdout: TextIO, template: str = "rules.txt"
) -> None:
    """Print rules for people."""
    from ringspec.reports.html_templates import told  # noqa: PLC0415 - slow to import

    told(console(stdout), template, rules=rules, written=_written)
    stdout.flush()


def render_rules(
    shape: str, rules: Sequence[dict[str, Json]], template: str = "rules.md"
) -> bytes:
    """Return rules as JSON or Markdown."""
    if shape == "json":
        return json_page([*rules])
    from ringspec.reports.html_templates import filled  # noqa: PLC0415 - slow to import

    return filled(template, rules=rules, written=_written)


def _written(value: Json) -> str:
    return visible(json.dumps(value, ensure_ascii=False))
