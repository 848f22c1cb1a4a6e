"""Judgements of an answer by itself: its JSON, its schema, what it gives back.

In: an answer, and the schemas of its operation. Out: judgements, each a rule, a verdict
and a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ringspec.harness import checks
from ringspec.harness.answering import parse
from ringspec.harness.exchange import Response
from ringspec.harness.verdict import Verdict
from ringspec.spec import Answers, Contract, Json, RuleId

ENVELOPE = RuleId("error.envelope")
ANSWER_JSON = RuleId("answer.json")
ANSWER_SCHEMA = (RuleId("answer.members"), RuleId("answer.types"))
ECHO = RuleId("answer.echo")
DEFAULTS = RuleId("answer.defaults")

# Refusals that are not about what was asked. Source: product.md, Levels.
NO_JUDGEMENT = frozenset({401, 407, 408, 429})

Judgement: TypeAlias = tuple[RuleId, Verdict, str]


def envelope(answers: Answers, response: Response) -> Iterator[Judgement]:
    """Judge the answer to what was refused."""
    if answers.is_bare(response.status):
        return
    data, reason = parse(response)
    answer = answers.of(response.status)
    if not reason and answer is not None:
        reason = "; ".join(checks.schema_faults(answer, data).values())
    yield ENVELOPE, Verdict.FAIL if reason else Verdict.PASS, reason


def form(answers: Answers, response: Response) -> Iterator[Judgement]:
    """Judge what any accepted answer has to be: JSON that keeps to its schema."""
    if answers.is_bare(response.status):
        return
    data, reason = parse(response)
    yield ANSWER_JSON, Verdict.FAIL if reason else Verdict.PASS, reason
    answer = answers.of(response.status)
    if reason or answer is None:
        return
    faults = checks.schema_faults(answer, data)
    for rule in ANSWER_SCHEMA:
        yield told(rule, [faults[rule]] if rule in faults else [])


def content(contract: Contract, sent: Json, response: Response) -> Iterator[Judgement]:
    """Judge whether the answer to a create gives back what was sent."""
    answer = contract.answers.of(response.status)
    data, reason = parse(response)
    if reason or answer is None:
        return
    yield told(ECHO, checks.echo_faults(contract, answer, sent, data))
    yield told(DEFAULTS, checks.default_faults(contract, answer, sent, data))


def told(rule: RuleId, faults: list[str]) -> Judgement:
    """Return the verdict on a rule by the faults that were found."""
    if not faults:
        return rule, Verdict.PASS, ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return rule, Verdict.FAIL, faults[0] + more
