"""Reports link rules to their documentation, where that is published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringspec.reports import Record, checked_docs, rendered, rule_link
from ringspec.spec import RuleId, UsageError

BASE = "https://example.com/ringspec"


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://example.com/ringspec/", "https://example.com/ringspec"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/docs", "http://[::1]:8000/docs"),
    ],
    ids=["slash", "port", "version 6"],
)
def test_base_is_an_address_of_the_web(given: str, base: str) -> None:
    assert checked_docs(given) == base


@pytest.mark.parametrize(
    "given",
    [
        "",
        "docs",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://example.com",
        "https://",
        "https:///docs",
        "https://user:secret@example.com",
        'https://example.com/"onclick="x',
        "https://example.com/a b",
        "https://example.com/)|[x](y",
        "https://example.com/?q#f",
        "https://example.com/\n",
    ],
)
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="no documentation can be at"):
        checked_docs(given)


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("html", '<a href="{}" rel="noreferrer"><code>{}</code></a>'),
        ("markdown", "[`{1}`]({0})"),
        ("junit", "documentation: {}"),
    ],
)
def test_report_links_what_fails(record: Record, name: str, link: str) -> None:
    failing = next(each.rule for each in record.result.rules if each.failures)
    linked = link.format(rule_link(BASE, failing.id), failing.id)

    assert linked in rendered(name, replace(record, docs=BASE)).decode()
    assert "reference/rules" not in rendered(name, record).decode()


@pytest.mark.parametrize("name", ["html", "markdown", "junit"])
def test_hostile_id_stays_text(record: Record, name: str) -> None:
    hostile = RuleId('x"><script>alert(1)</script>](http://example.com)|')
    rules = tuple(
        replace(each, rule=replace(each.rule, id=hostile))
        for each in record.result.rules
    )
    result = replace(record.result, rules=rules)

    text = rendered(name, replace(record, docs=BASE, result=result)).decode()

    assert "<script>alert" not in text
    assert name != "markdown" or "](http://example.com" not in text
    assert "#x%22%3E%3Cscript%3E" in text
