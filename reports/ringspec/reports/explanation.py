"""Rules explained: where they stand, examples, usual causes of failures, the fix."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from ringspec.reports.case_text import expectation, fault_lines
from ringspec.reports.console import console, filled, print_template
from ringspec.reports.files import STDOUT, put
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
from ringspec.strategies import Case, Expect, cases_of, led, line, untested


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
        stated = {each.place: each.value for each in places_of(contract, rule)}
        causes, fix = explanation(contract, rule)
        told.append(
            {
                **rule_json(contract.led(rule.id)),
                "places": list(rule.places),
                "values": {it: stated[it] for it in rule.places if it in stated},
                "valid": None,
                "invalid": None,
                **_examples(
                    rule, serving, {each.id: each for each in cases}, contract.prefix
                ),
                "no_example": why,
                "causes": causes,
                "fix": fix,
            }
        )
    return told


def _examples(
    rule: Rule, serving: list[Case], cases: dict[str, Case], prefix: str
) -> dict[str, Json]:
    """Return a valid case, on the boundary, and the plainest one that breaks a rule."""
    breaking = [each for each in serving if each.expect is not Expect.ACCEPT]
    # Those that break it alone come first.
    breaking.sort(key=lambda each: (each.rule != rule.id, each.coupled))
    twins = (cases[each.twin] for each in breaking[:1] if each.twin)
    valid = [*(each for each in serving if each.expect is Expect.ACCEPT), *twins]
    return {
        name: {
            **json.loads(line(led(case, prefix))),
            "due": expectation(case),
            "edits": fault_lines(case, cases.get(case.twin or "")),
        }
        for name, found in (("valid", valid), ("invalid", breaking))
        for case in found[:1]
    }


def rules_json(rules: Iterable[Rule]) -> list[dict[str, Json]]:
    """Return the rows of a catalogue, with their places."""
    return [{**rule_json(rule), "places": list(rule.places)} for rule in rules]


def print_rules(
    shape: str, rules: Sequence[dict[str, Json]], stdout: TextIO, template: str
) -> None:
    """Print rules for people, as Markdown or as JSON."""
    if shape not in {"json", "markdown"}:
        print_template(
            console(stdout), f"{template}.txt", rules=rules, written=_written
        )
    elif shape == "json":
        put(STDOUT, json_page([*rules]))
    else:
        put(STDOUT, filled(f"{template}.md", rules=rules, written=_written))


def _written(value: Json) -> str:
    return visible(json.dumps(value, ensure_ascii=False))
