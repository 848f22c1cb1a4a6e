"""Markdown, as a renderer that is not ours reads it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType

import pytest
from markdown_it import MarkdownIt

from ringspec.harness import Conclusion, Known, Result, Stale, Verdict
from ringspec.reports import Record, rendered
from ringspec.reports.markdown import LIMIT, code, code_html, plain
from ringspec.spec import RuleId

# What GitHub would make a link or a mention of, after rendering, outside of code.
CALL = re.compile(r"@\w|#\d|https?://|www\.", re.ASCII)
HOSTILE = (
    "a | b | c",
    "\\| \\\\| `|` ``",
    "`x` ``` ~~~",
    "<img src=x onerror=alert(1)> <!-- </details> -->",
    "[a](http://x.test) ![b](http://x.test/p.png) <http://x.test>",
    "http://x.test www.x.test me@x.test @octocat #1 o/r#2 :+1:",
    "*a* _b_ __c__ ~~d~~ $e$ &amp; &#64;f",
    "- a\n\n# b\n\n```\nc\n\n| d |\n|---|",
    "1. a",
    "\x00\x1b[31m\u202e\ud800",
    "\\",
    " ` ",
)


class Read(HTMLParser):
    """What a page holds: elements, rows of tables, texts within and outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.rows: list[int] = []
        self.code = ""
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert attrs in ([], [("class", "language-sh")])
        self.tags.append(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in {"td", "th"}:
            self.rows[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self.open:
            self.code += data
        else:
            self.text += data


def read(markdown: str) -> Read:
    page = Read(
        MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    )
    assert page.open == []
    return page


def report(record: Record, result: Result | None = None) -> str:
    if result is not None:
        record = replace(record, result=result)
    return rendered("markdown", record).decode()


def hostile(sample: ModuleType, record: Record, text: str) -> Record:
    """Return a run in which everything that can be another's is that text."""
    case = replace(sample.case(f"a.b/{text}", text.encode("utf-8", "replace")))
    fired = sample.exchange(case, 201, text.encode("utf-8", "replace"))
    found = sample.finding(fired, case, Verdict.FAIL, text, sample.TWIN)
    known = Known(id=text, reason=text, issue=text, owner=text)
    rules = tuple(
        replace(
            each,
            rule=replace(each.rule, sentence=text, source=text),
            failures=(found,) if each.failures else (),
            inconclusive=tuple(replace(it, reason=text) for it in each.inconclusive),
            known=(known,),
        )
        for each in record.result.rules
    )
    result = replace(
        record.result,
        rules=rules,
        message=text,
        hint=text,
        stale=(Stale(known=known, why=text),),
    )
    return replace(
        record, result=result, started=replace(record.started, target=f"http://{text}")
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_is_no_markup(
    sample: ModuleType, record: Record, text: str
) -> None:
    tame = read(report(hostile(sample, record, "tame")))

    page = read(report(hostile(sample, record, text)))

    assert set(page.tags) == set(tame.tags)
    assert page.rows == tame.rows
    assert not CALL.search(page.text)
    assert not re.search("[\x00\x1b\u202e]", page.text + page.code)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("write", [code, code_html, plain])
def test_text_reads_as_it_is(write: object, text: str) -> None:
    line = text.strip().partition("\n")[0]
    assert callable(write)

    page = read(f"| a |\n|---|\n| x {write(line)} |")

    told = (page.text + page.code).replace("\N{WORD JOINER}", "")
    for word in line.isprintable() * line.split():
        assert word in told
    assert page.rows == [1, 1]
    assert set(page.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


def test_page_that_learnt_nothing_gives_only_its_message(
    sample: ModuleType, record: Record
) -> None:
    result = replace(
        record.result,
        conclusion=Conclusion.INCONCLUSIVE,
        learnt=False,
        message="nothing listens",
        rules=tuple(replace(each, failures=()) for each in record.result.rules),
    )

    page = read(report(record, result))

    assert "nothing listens" in page.code
    assert page.rows == []


@pytest.mark.parametrize("text", ["<" * 9000, "\U0001f600" * 9000, "x`|" * 3000])
def test_page_keeps_within_a_comment(
    sample: ModuleType, record: Record, text: str
) -> None:
    record = hostile(sample, record, text)
    rules = [
        replace(
            each,
            rule=replace(each.rule, id=RuleId(f"{each.rule.id}{number}")),
            failures=tuple(
                replace(
                    it,
                    case=replace(it.case, id=f"{number}{it.case.id}"),
                    exchange=sample.exchange(it.case, 201, f"{number}".encode()),
                )
                for it in each.failures
            ),
        )
        for number in range(300)
        for each in record.result.rules
    ]
    result = replace(
        record.result, rules=tuple(rules), stale=tuple(record.result.stale * 300)
    )

    data = rendered("markdown", replace(record, result=result))

    assert len(data) <= LIMIT < 65_536
    assert len(data) > LIMIT / 4
    read(data.decode())
