"""The page of the rules, made of contract, catalogue and certified cases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

from ringspec.reports.case_text import fault_lines
from ringspec.spec import Contract, Rule, RuleId, load
from ringspec.spec.contract import OURS
from ringspec.strategies import Case, Expect, cases_of

SEED = Path(OURS).with_name("seed.yaml")
# Cases of a rule, and its places, that are named.
_NAMED = 8
_HEAD = """\
# Rules

The {number} rules of *{title}* {version}, in the order of the contract. Each has an
address of its own, this page's with `#` and its id; `ringspec rules` prints the same.

- **Level**: how strongly it binds, in RFC 2119's words. A run fails on MUST;
  `--level should` and `--level may` widen that.
- **Evidence**: *documented*, the vendor's page says it; *witnessed*, the vendor's
  client library or a page beside it shows it; *inferred*, a remark or common sense;
  *assumed*, a name or shape had to be chosen.
- **Source**: where to look it up: a page by its address and the part of it, or a module
  of the vendor's client library (`naxai` on PyPI) with class and member.
- **Place**: where the contract says it, as a JSON pointer into
  `spec/ringspec/spec/openapi.yaml`; a rule without one is not stated by a schema.
- **Cases**: the requests that serve it, by id. `ringspec cases --select RULE` prints
  them, `ringspec replay CASE URL` fires one.
- **Example**: the *twin*, which is accepted, and the *fault*, the one edit that makes
  the invalid body of it.
"""


def render() -> str:
    """Write the page."""
    contract = load()
    cases = cases_of(contract)
    twins = {case.id: case for case in cases}
    serving: dict[RuleId, list[Case]] = defaultdict(list)
    for case in cases:
        for name in dict.fromkeys((case.rule, *case.broken)):
            serving[name].append(case)
    head = _HEAD.format(
        number=len(contract.rules), title=contract.title, version=contract.version
    )
    said = _said()
    parts = [head]
    group = ""
    for rule in contract.rules.values():
        if rule.group != group:
            group = rule.group
            parts.append(f"## {group}\n")
        lines = _rule(rule, contract, serving[rule.id], twins, said[rule.id])
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _rule(
    rule: Rule,
    contract: Contract,
    cases: list[Case],
    twins: dict[str, Case],
    said: list[str],
) -> Iterator[str]:
    yield f"### `{rule.id}` {{ #{rule.id} }}\n"
    yield f"{_plain(rule.sentence)}\n"
    yield f"- **{rule.level.upper()}**, {rule.evidence}; source: {_linked(rule.source)}"
    yield from (f"- The vendor's page: {_plain(each)}" for each in said)
    if rule.places:
        yield f"- Place: {_some([f'`{place}`' for place in rule.places])}"
    yield f"- Cases: {_cases(cases)}"
    because = contract.catalogue.not_isolated.get(rule.id)
    if because:
        yield f"- No invalid case of its own: {_plain(because)}"
    yield from _example(rule, cases, twins)


def _cases(cases: list[Case]) -> str:
    if not cases:
        return "none of its own; it is judged with the answers to those of others"
    counts = [
        f"{number} {verb}"
        for expect, verb in (
            (Expect.ACCEPT, "to accept"),
            (Expect.REJECT, "to refuse"),
            (Expect.SURVIVE, "to survive"),
        )
        if (number := sum(case.expect is expect for case in cases))
    ]
    ids = [f"`{case.id}`" for case in cases]
    return f"{', '.join(counts)}: {_some(ids)}"


def _example(rule: Rule, cases: list[Case], twins: dict[str, Case]) -> Iterator[str]:
    """Yield the twin and the fault of the plainest invalid case."""
    own = [case for case in cases if case.twin and case.rule == rule.id]
    example = next(iter(own or [case for case in cases if case.twin]), None)
    if example is None:
        return
    yield f"- Example: `{example.id}`, from the twin `{example.twin}`"
    if example.coupled:
        both = " and ".join(f"`{each}`" for each in example.broken)
        yield f"  (coupled: it breaks {both} together)"
    lines = fault_lines(example, twins.get(example.twin or ""))
    yield from ("", "    ```text", *(f"    {line}" for line in lines), "    ```")


def _some(texts: list[str]) -> str:
    left = len(texts) - _NAMED
    more = f" and {left} more" if left > 0 else ""
    return ", ".join(texts[:_NAMED]) + more


def _said() -> dict[str, list[str]]:
    """Return what the vendor's page says of each rule."""
    said: dict[str, list[str]] = defaultdict(list)
    for entry in yaml.safe_load(SEED.read_text("utf-8"))["entries"]:
        for rule in entry.get("rules", ()):
            said[rule].append(entry["says"])
    return said


def _linked(source: str) -> str:
    return re.sub(r"https://[^\s,;]+", lambda found: f"<{found[0]}>", _plain(source))


def _plain(text: str) -> str:
    return re.sub(r"[\\`*_\[\]<>#|]", lambda found: f"\\{found[0]}", text)
