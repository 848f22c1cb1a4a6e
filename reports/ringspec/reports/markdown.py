"""The Markdown report, for a job's summary or a comment on a pull request; the badge.

Short, the worst first, details folded; it keeps within the length of a comment. It is
Markdown as GitHub reads it, and no text of others gets to be markup, a link, a mention,
an issue's number or a cell of its own. GitHub looks for mentions after rendering, so
that escaping alone does not stop them: code is left alone, and elsewhere an invisible
character keeps the sign from its word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from ringspec.harness import Conclusion, Finding, Known, Outcome, Result, RuleResult
from ringspec.reports.case_text import (
    case_rows,
    expiry,
    inconclusive_by_reason,
    status_line,
)
from ringspec.reports.causes import Cause, causes
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.printable import counted, listed, shown, visible

# GitHub takes 65,536 characters; counted in bytes, to be safe with any other reader.
LIMIT = 65_000
# What the table of causes, and each list below, may take of it.
_TABLE, _LIST = 20_000, 6_000
_DETAILS = 10
# Rules, lines of a fault, steps before that are named.
_NAMED = 8
_CURL = 2_000
# Characters of the rows of a case; 200 of all others.
_ROWS = {"twin": 120, "body": 400}
_SIGNS = {
    Conclusion.CONFORMANT: "\N{WHITE HEAVY CHECK MARK}",
    Conclusion.NONCONFORMANT: "\N{CROSS MARK}",
    Conclusion.INCONCLUSIVE: "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
}
_DECIDED = (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
# What makes markup within a line; a colon may begin an emoji, or end one.
_MARKUP = re.compile(r"[\\`*_\[\]<>#|&~@$]|:(?=\S)|(?<=\S):")
# Where a mention, a reference or a link of a bare address is kept from being one.
_CALL = re.compile(r"(?<=[@#])|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_WORD_JOINER = "&#8288;"


def code(text: str, limit: int = 200) -> str:
    """Write a text of others as code in a line; no code where there is no text."""
    text = shown(text, limit)
    if not text:
        return ""
    # A cell of a table would end at a bar, and the code at a backtick.
    return code_html(text, limit) if re.search(r"[`|]", text) else f"`{text}`"


def code_html(text: str, limit: int = 200) -> str:
    """Write a text of others as code where HTML is written, such as in a summary."""
    return f"<code>{_entities(shown(text, limit))}</code>"


def plain(text: str, limit: int = 400) -> str:
    """Write a text within a line, not at its beginning, as it reads."""
    joined = _CALL.sub("\N{WORD JOINER}", shown(text, limit))
    return _entities(joined).replace("\N{WORD JOINER}", _WORD_JOINER)


def fenced(text: str, language: str = "") -> str:
    """Write lines as a block of code."""
    runs = re.findall("`+", text)
    fence = "`" * max((3, *(len(run) + 1 for run in runs)))
    return f"{fence}{language}\n{text}\n{fence}"


def head(*names: str) -> str:
    """Write the head of a table."""
    return f"{row(*names)}\n{row(*('---' for _ in names))}"


def row(*cells: str) -> str:
    """Write a row of a table, of cells that are Markdown already."""
    return f"| {' | '.join(cells)} |"


def _folded(summary: str, body: str) -> str:
    """Write a folded block; the summary is HTML, the body Markdown."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _entities(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)


def render(record: Record) -> bytes:
    """Write the whole report, at most LIMIT bytes of it."""
    result, docs = record.result, record.docs
    found = causes(result, record.judged) if result.learnt else ()
    new = [each for each in found if not each.known]
    parts = [_opening(record), *_stale(result), *_table(new, docs)]
    lists = [
        *_known(result),
        *(_inconclusive(result) if result.learnt else ()),
        *_warnings(result),
    ]
    room = LIMIT - sum(map(_size, (*parts, *lists)))
    folded = (
        _folded(
            f"{number}. {code_html(each.rules[0].rule.id, 100)} {_title(each)}",
            "\n".join(_detail(each, each.findings[0], docs)),
        )
        for number, each in enumerate(new[:_DETAILS], 1)
    )
    details, left = _fitting(folded, room - 200)
    if left or len(new) > _DETAILS:
        more = "the JSON and HTML reports tell more of the others"
        details.append(f"({more})" if details else f"(no room for details: {more})")
    return ("\n\n".join((*parts, *details, *lists)) + "\n").encode()


def _opening(record: Record) -> str:
    result, started = record.result, record.started
    contract = started.contract
    lines = [f"## {_SIGNS[result.conclusion]} ringspec: {result.conclusion}"]
    counts = [
        f"**{headline(result)}** at level {result.level}",
        *_numbers(result),
        counted(result.counts.cases, "case"),
        counted(result.counts.requests, "request"),
        f"{result.duration_s:.1f} s",
        *(["interrupted"] if result.interrupted else []),
    ]
    lines.append(" · ".join(counts))
    title = f"{contract.title} {contract.version}".strip()
    dialect = f", dialect {code(contract.dialect)}" if contract.dialect else ""
    whose = "Clients of" if started.clients else "Target"
    lines.append(
        f"{whose} {code(started.target)} against {code(title)}{dialect}, "
        f"seed {started.seed}."
    )
    if result.message:
        # It names the clients, or the faults of a server.
        label = "" if started.clients else "Message: "
        lines.append(f"> {label}{code(result.message, 1000)}")
    if result.hint:
        lines.append(f"> Hint: {code(result.hint, 1000)}")
    return "\n\n".join(lines)


def _numbers(result: Result) -> Iterator[str]:
    """Yield the number of rules by outcome, except new failures."""
    excused = sum(each.excused for each in result.rules)
    if excused:
        yield counted(excused, "known failure")
    for outcome in (Outcome.INCONCLUSIVE, Outcome.PASS):
        number = sum(each.outcome is outcome for each in result.rules)
        if number:
            yield f"{number:,} {outcome}"


def _table(found: list[Cause], docs: str) -> Iterator[str]:
    if not found:
        return
    rows = (_cause(number, each, docs) for number, each in enumerate(found, 1))
    lines, left = _fitting(rows, _TABLE)
    top = head("", "rule", "level", "what fails", "first case", "answer")
    yield "\n".join((top, *lines))
    if left:
        yield f"and {counted(left, 'more cause')}"


def _cause(number: int, cause: Cause, docs: str) -> str:
    first = cause.findings[0]
    rule = _name(cause.rules[0], docs)
    others, more = len(cause.rules) - 1, len(cause.findings) - 1
    return row(
        str(number),
        f"{rule} and {counted(others, 'other')}" if others else rule,
        cause.level.upper(),
        _title(cause),
        code(first.case.id, 120) + (f" and {more:,} more" if more else ""),
        code(status_line(first.exchange), 100),
    )


def _title(cause: Cause) -> str:
    return plain(cause.title or cause.rules[0].rule.sentence, 200)


def _name(result: RuleResult, docs: str) -> str:
    """Write a rule's id, as a link if its documentation is published."""
    link = rule_link(docs, result.rule.id)
    name = code(result.rule.id, 100)
    return f"[{name}]({link})" if link else name


def _detail(cause: Cause, finding: Finding, docs: str) -> Iterator[str]:
    yield f"- rules: {listed([_name(each, docs) for each in cause.rules], _NAMED)}"
    of = {each.rule.id: each.rule for each in cause.rules}
    rule = of.get(finding.rule, cause.rules[0].rule)
    yield f"- promised: {plain(rule.sentence)} ({plain(rule.source)})"
    if cause.common:
        yield f"- in common: {plain(cause.common)}"
    yield f"- case: {code(finding.case.id, 120)}"
    written: dict[str, int] = {}
    for label, text in case_rows(finding):
        written[label] = written.get(label, 0) + 1
        if written[label] <= _NAMED:
            yield f"- {label}: {code(text, _ROWS.get(label, 200))}"
    yield f"- why: {plain(finding.reason)}"
    line = curl(finding.exchange, finding.case.id)
    if len(line) <= _CURL:
        shell = "\n".join(visible(each) for each in line.split("\n"))
        yield f"\n{fenced(shell, 'sh')}"


def _stale(result: Result) -> Iterator[str]:
    """Yield the known failures that fail the run, being no longer right."""
    if result.stale:
        lines = (f"- {code(each.known.id)}: {plain(each.why)}" for each in result.stale)
        yield f"**Stale known failures**\n\n{_list(lines)}"


def _known(result: Result) -> Iterator[str]:
    rules = [each for each in result.rules if each.known]
    if rules:
        lines = (_excuse(rule, each) for rule in rules for each in rule.known)
        summary = f"{counted(len(rules), 'rule')} with known failures"
        yield _folded(summary, _list(lines))


def _excuse(result: RuleResult, known: Known) -> str:
    parts = (plain(known.reason), code(known.issue), code(known.owner), expiry(known))
    of = "" if known.id == result.rule.id else f", of {code(result.rule.id)}"
    return f"- {code(known.id)}{of}: {', '.join(filter(None, parts))}"


def _inconclusive(result: Result) -> Iterator[str]:
    reasons = inconclusive_by_reason(result)
    if reasons:
        lines = (
            f"- {listed([code(it.rule.id, 100) for it in rules], _NAMED)}: {plain(why)}"
            for why, rules in reasons.items()
        )
        number = sum(map(len, reasons.values()))
        yield _folded(f"{counted(number, 'rule')} inconclusive", _list(lines))


def _warnings(result: Result) -> Iterator[str]:
    found = [(each, each.warnings(result.level)) for each in result.rules]
    found = [(each, warnings) for each, warnings in found if warnings]
    if found:
        lines = (
            f"- {code(each.rule.id, 100)} ({warnings[0].level.upper()}): "
            f"{plain(warnings[0].reason)}, {counted(len(warnings), 'case')}"
            for each, warnings in found
        )
        rules = counted(len(found), "rule")
        summary = f"{rules} with warnings, below level {result.level}"
        yield _folded(summary, _list(lines))


def _list(lines: Iterable[str]) -> str:
    kept, left = _fitting(lines, _LIST)
    return "\n".join((*kept, *([f"- and {left:,} more"] if left else [])))


def _fitting(texts: Iterable[str], room: int) -> tuple[list[str], int]:
    """Return the first texts that fit into some bytes, and how many are left."""
    kept: list[str] = []
    left = 0
    for text in texts:
        room -= _size(text)
        if left or room < 0:
            left += 1
        else:
            kept.append(text)
    return kept, left


def _size(text: str) -> int:
    """Return the bytes of a text with its separator."""
    return len(text.encode()) + 2


def render_badge(record: Record) -> bytes:
    """Write the badge, as the JSON that a shields.io endpoint badge is made of.

    Source: shields.io, "Endpoint badge", schema version 1.
    """
    result = record.result
    if result.conclusion is Conclusion.CONFORMANT:
        known = any(each.excused for each in result.rules)
        color = "green" if known else "brightgreen"
    else:
        failing = result.conclusion is Conclusion.NONCONFORMANT
        color = "red" if failing else "yellow"
    badge = {
        "schemaVersion": 1,
        "label": "conformance",
        "message": headline(result),
        "color": color,
    }
    return json.dumps(badge, ensure_ascii=False).encode() + b"\n"


def headline(result: Result) -> str:
    """Summarise a run in a few words, such as `3 of 142 rules fail`."""
    failing = [each for each in result.rules if each.outcome is Outcome.FAIL]
    known = sum(each.excused for each in failing)
    if result.conclusion is Conclusion.CONFORMANT:
        more = f", {counted(known, 'known failure')}" if known else ""
        return f"conformant ({result.level}){more}"
    if result.conclusion is Conclusion.INCONCLUSIVE:
        return "interrupted" if result.interrupted else "inconclusive"
    new = len(failing) - known
    if new and result.learnt:
        decided = sum(each.outcome in _DECIDED for each in result.rules)
        verb = "fails" if new == 1 else "fail"
        return f"{new:,} of {counted(decided, 'rule')} {verb}"
    if result.stale:
        return f"{counted(len(result.stale), 'stale known failure')}"
    return "nonconformant"
