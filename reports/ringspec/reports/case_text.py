"""A case in words: its fault, expectation, answer and failure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from http.client import responses
from pathlib import Path
from typing import Any

from ringspec.harness import (
    PLAIN_REFUSED,
    TWIN_REFUSED,
    Exchange,
    Finding,
    Known,
    Outcome,
    Result,
    RuleResult,
    Started,
)
from ringspec.reports.html_bodies import indented, is_json
from ringspec.reports.printable import counted, decoded, shown, start, visible
from ringspec.spec import Json, Level, Rule, is_shallow, patched, steps
from ringspec.strategies import Case

# How the reasons begin of what a valid body leaves open that was refused.
REFUSED = (PLAIN_REFUSED, TWIN_REFUSED)
# Bytes of an answer that are looked at, so that megabytes cost nothing.
_BYTES = 4096
# Of bytes that are no text so many are told; few are one in so many, or so many.
_FIRST, _FEW = 4, 10
# A letter in a string of JSON.
_LETTER = r'(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])'
_ESCAPED = re.compile(r"\\x[0-9a-f]{2}")
_VALUE = 60


def status_line(exchange: Exchange) -> str:
    """Write `HTTP 201 Created`, or how the transport failed."""
    if exchange.response is None:
        trouble = f"{exchange.failure.trouble}: " if exchange.failure else ""
        return f"no answer, {trouble}{shown(exchange.summary, 300)}"
    status = exchange.response.status
    return f"HTTP {status} {responses.get(status, '')}".rstrip()


def earlier(exchange: Exchange) -> tuple[Exchange, ...]:
    """Return the steps that were sent before an exchange."""
    return exchange.played.earlier if exchange.played else ()


def body_text(body: bytes, limit: int = 300) -> str:
    """Write the beginning of a body on one line; of bytes that are no text say so."""
    text = decoded(body[:_BYTES])
    rest = "".join(_ESCAPED.sub("\0", text).split())
    odd = sum(not each.isprintable() for each in rest)
    if odd * _FEW > len(text):
        verb = "is" if len(body) == 1 else "are"
        what = "not UTF-8" if _ESCAPED.search(text) else "mostly control characters"
        first = " ".join(f"0x{each:02x}" for each in body[:_FIRST])
        return f"{counted(len(body), 'byte')} that {verb} {what}, beginning {first}"
    total = f" ({counted(len(body), 'byte')} in all)"
    if is_json(body):
        kept = visible(excerpt(decoded(body), limit))
        return f"{kept}{total}" if "…" in kept else kept
    kept = start(text.strip(), limit)
    kept = kept if re.search(r"\s", kept) else kept[:_VALUE]
    is_whole = len(body) <= _BYTES and kept == text.strip()
    return shown(kept, limit) + ("" if is_whole else f"…{total}")


def excerpt(text: str, limit: int) -> str:
    """Write JSON on one line, cut between members, and say how many are left out."""
    kept, ends = "", ""
    lines = indented(text)
    most = limit if text[:1] == '"' else limit // 3
    long = re.compile(rf'"({_LETTER}{{{most}}}){_LETTER}{{{_FEW},}}"')
    while lines:
        word = long.sub(_shorter, lines[0].strip())
        closes = word[0] in "]}"
        if kept[1:] and not closes and len(kept) + len(word) > limit:
            break
        kept += word if not kept or closes or kept[-1] in "[{" else f" {word}"
        if closes:
            ends = ends[1:]
        elif word[-1] in "[{":
            ends = ("]" if word[-1] == "[" else "}") + ends
        del lines[0]
    if not lines:
        return kept
    blank = "" if kept[-1] in "[{" else " "
    if ends[1:]:
        kept, blank = f"{kept}{blank}…{ends[:-1]}", ", "
    left = sum(each[:2] == "  " and each[2] not in " ]}" for each in lines)
    noun = "more item" if ends[-1] == "]" else "more member"
    return (
        f"{kept}{blank}… {counted(left, noun)}{ends[-1]}" if left else kept + ends[-1]
    )


def _shorter(found: re.Match[str]) -> str:
    words, _, word = found[1].rpartition(" ")
    kept = words if 2 * len(words) > len(word) else found[1]
    left = len(re.findall(_LETTER, found[0][len(kept) + 1 : -1]))
    return f'"{kept}…" ({left:,} more characters)'


def case_rows(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield a label and a line for the fault, the twin and the rows of the exchange."""
    case = finding.case
    yield from (("fault", line) for line in fault_lines(case, finding.twin))
    if case.twin:
        yield "twin", case.twin
    yield from exchange_rows(finding.exchange)


def exchange_rows(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield a label and a line for the steps before, the answer and its body."""
    for each in earlier(exchange):
        sent = f"{each.request.method} {shown(each.request.path, 200)}"
        yield "before", f"{sent}: {each.summary}"
    yield "answer", status_line(exchange)
    if exchange.response is not None and exchange.response.body:
        yield "body", body_text(exchange.response.body)


def deciding(result: RuleResult, level: Level) -> tuple[Finding, ...]:
    """Return the failures by which a rule fails at a level."""
    return result.gating(level) or result.failures


def first_reason(result: RuleResult) -> str:
    """Return why a rule is inconclusive, or untested."""
    return result.why or next((it.reason for it in result.inconclusive), "")


def by_reason(
    result: Result,
    outcome: str = Outcome.INCONCLUSIVE,
    write: Callable[[str], str] = str,
) -> dict[str, list[RuleResult]]:
    """Group the rules of an outcome by their first reason, as it is to be written.

    What the refusal of a valid body leaves open is told all at once, see `refusal`.
    """
    reasons: dict[str, list[RuleResult]] = {}
    for each in result.rules:
        reason = first_reason(each)
        if each.outcome == outcome and not reason.startswith(REFUSED):
            reasons.setdefault(write(reason), []).append(each)
    return reasons


def untested_share(result: Result) -> str:
    """Say how many of a run's rules no case breaks, after a comma; or nothing."""
    number = sum(each.outcome is Outcome.UNTESTED for each in result.rules)
    of = counted(len(result.rules), "rule")
    return f", {number:,} of {of} untested" if number else ""


def extent(result: Result) -> Iterator[str]:
    """Yield how many cases and requests a run took, how long, and if it was cut off."""
    yield counted(result.counts.cases, "case")
    yield counted(result.counts.requests, "request")
    yield f"{result.duration_s:.1f} s"
    if result.interrupted:
        yield "interrupted"


def judged_share(result: Result) -> str:
    """Write how much of the whole was judged, such as `5 of 142 rules`; or nothing."""
    of = counted(result.counts.rules, "rule")
    return f"{result.judged:,} of {of}" if result.narrowed else ""


def provenance(started: Started, result: Result) -> dict[str, str]:
    """Return with what and when a run was made, and what came of it, by name."""
    contract, share = asdict(started.contract), judged_share(result)
    dialect = contract.pop("dialect")
    return {
        "conclusion": result.conclusion,
        "part": f"{share}, by {', '.join(result.narrowed)}" if share else "",
        "judged": "clients" if started.clients else "",
        "target": started.target,
        "level": result.level,
        **asdict(started.made),
        "ended": result.ended,
        "seed": str(started.seed),
        **{f"contract.{name}": it for name, it in contract.items()},
        "dialect": dialect or "",
        **{f"counts.{name}": str(it) for name, it in asdict(result.counts).items()},
    }


def expiry(known: Known) -> str:
    """Write until when a known failure is excused; empty if it does not expire."""
    return f"until {known.expires.isoformat()}" if known.expires else ""


def fault_lines(case: Case, twin: Case | None) -> list[str]:
    """Write the edit that made a case of its twin, an operation a line."""
    if isinstance(case.fault, dict):
        words = phrases().fault_of(case.fault, twin.request if twin else None)
        return [shown(words, 200)]
    lines, body = list[str](), twin.body if twin else None
    for operation in case.edits:
        old = _old(body, str(operation.get("path")))
        lines.append(phrases().edit(operation, old))
        with suppress(ValueError, TypeError):  # the next may edit what this one makes
            body = patched(body, [operation])
    return lines


def _old(body: Json, path: str) -> str:
    """Write the value at a pointer; empty without one."""
    for step in steps(path):
        try:
            body = body[int(step)] if isinstance(body, list) else body[step]
        except (LookupError, TypeError, ValueError):
            return ""
    return "" if body is None and not path else _written(body)


def _written(value: Json, limit: int = _VALUE) -> str:
    if not is_shallow(value):
        return "a deeply nested value"
    return visible(excerpt(json.dumps(value, ensure_ascii=False), limit))


def due(finding: Finding, rule: Rule) -> str:
    """Describe the expected reaction: the rule's sentence for a check of the answer."""
    return str(phrases().due(finding, rule))


def expectation(case: Case) -> str:
    """Write the expectation of a case, as a phrase."""
    return str(phrases().expected(case))


@cache
def phrases() -> Any:
    """Return the macros that write a case, and requests, in words."""
    from ringspec.reports.html_templates import macros  # noqa: PLC0415 - imports this

    path = Path(__file__).with_name("fault_words.toml")
    words = tomllib.loads(path.read_text("utf-8"))
    return macros("case.words", words=words, written=_written, dumps=json.dumps)
