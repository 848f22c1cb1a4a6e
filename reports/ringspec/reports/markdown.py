"""The Markdown report, for a job's summary or a comment on a pull request; the badge.

No text of others gets to be markup, a link, a mention or a cell of its own. GitHub
looks for mentions after rendering, so that escaping alone does not stop them: an
invisible character keeps the sign from its word.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from ringspec.harness import Conclusion, Finding, Result
from ringspec.reports.case_text import case_rows, untested_share
from ringspec.reports.causes import explained
from ringspec.reports.console import filled
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.printable import listed, shown, visible
from ringspec.spec import Rule

# GitHub takes 65,536 characters; counted in bytes, to be safe with any other reader.
LIMIT = 65_000
# Rules, lines of a fault, steps before that are named.
_NAMED = 8
_CURL = 2_000
# Characters of the rows of a case; 200 of all others.
_ROWS = {"twin": 120, "body": 400}
# Of badges, but for those of a whole that conforms.
_COLORS = {"in part": "blue", "nonconformant": "red", "inconclusive": "yellow"}
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


def _entities(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)


def render(record: Record) -> bytes:
    """Write the whole report, at most LIMIT bytes of it."""
    result = record.result
    found = explained(result)[0] if result.learnt else ()
    warnings = [(each.rule, each.warnings(result.level)) for each in result.rules]

    def name(rule: Rule) -> str:
        link = rule_link(record.docs, rule.id)
        return f"[{code(rule.id, 100)}]({link})" if link else code(rule.id, 100)

    return filled(
        "report.md",
        run=record.started,
        result=result,
        said=headline(result),
        causes=[each for each in found if not each.known],
        warnings=[each for each in warnings if each[1]],
        room=lambda *others: LIMIT - 200 - sum(len(it.encode()) for it in others),
        fitting=_fitting,
        names=lambda rules: listed([name(each.rule) for each in rules], _NAMED),
        ids=lambda rules: listed([code(it.rule.id, 100) for it in rules], _NAMED),
        rows=_rows,
        shell=_shell,
    )


def _rows(finding: Finding) -> Iterator[tuple[str, str]]:
    written: Counter[str] = Counter()
    for label, text in case_rows(finding):
        written[label] += 1
        if written[label] <= _NAMED:
            yield label, code(text, _ROWS.get(label, 200))


def _shell(finding: Finding) -> str:
    """Write the command line of a case as a block of code; empty if it is long."""
    command = curl(finding.exchange, finding.case.id)
    if len(command) > _CURL:
        return ""
    runs = re.findall("`+", command)
    fence = "`" * max((3, *(len(run) + 1 for run in runs)))
    lines = (visible(each) for each in command.split("\n"))
    return "\n".join((f"{fence}sh", *lines, fence))


def _fitting(texts: str, room: int, end: str = "\n") -> tuple[list[str], int]:
    """Return the first texts that fit into some bytes, and how many are left."""
    kept: list[str] = []
    every = texts.split(end)[:-1]
    for text in every:
        room -= len(text.encode()) + 2
        if room < 0:
            break
        kept.append(text)
    return kept, len(every) - len(kept)


def render_badge(record: Record) -> bytes:
    """Write the badge; source: shields.io, "Endpoint badge", schema version 1."""
    result = record.result
    if result.conclusion is Conclusion.CONFORMANT:
        known = any(each.excused for each in result.rules)
        color = "green" if known or untested_share(result) else "brightgreen"
    else:
        color = _COLORS[result.conclusion.removeprefix("conformant ")]
    badge = {
        "schemaVersion": 1,
        "label": "conformance",
        "message": headline(result),
        "color": color,
    }
    return json.dumps(badge, ensure_ascii=False).encode() + b"\n"


def headline(result: Result) -> str:
    """Summarise a run in a few words, such as `3 of 142 rules fail`."""
    return filled("headline.txt", result=result).decode()
