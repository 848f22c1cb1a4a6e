from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType
from typing import Any

import pytest

from ringspec.harness import Finding
from ringspec.reports import Record, rendered
from ringspec.reports.html_bodies import one, pair
from ringspec.spec import Json, patched
from ringspec.strategies import encode

from .conftest import TABLES

SCRIPT = '</script><script>alert(1)</script><img src="x" onerror="alert(2)">'
BIDI = "\u202eevil\u2066"


class Page(HTMLParser):
    """Takes a page apart: its elements, and the text of those with one of their own."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": [], "pre": []}
        self._in = ""
        self.feed(data.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.raw:
            self._in = tag
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._in:
            self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.raw[self._in][-1] += data

    @property
    def policy(self) -> str:
        return next(
            each["content"] or ""
            for tag, each in self.elements
            if tag == "meta" and "http-equiv" in each
        )

    @property
    def island(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw["script"][0])
        return found

    def slots(self, at: int) -> dict[str, Any]:
        case = self.island["cases"][at]
        texts = [self.island["texts"][number] for number in case]
        return dict(zip(self.island["slots"], texts, strict=True))


def html(record: Record) -> str:
    return rendered("html", record).decode()


def with_rules(record: Record, *rules: Any) -> Record:
    return replace(record, result=replace(record.result, rules=rules))


def hostile(sample: ModuleType, finding: Finding) -> Finding:
    exchange = sample.exchange(finding.case, 201, f"{SCRIPT}{BIDI}\x00".encode())
    response = replace(exchange.response, headers=((f"X-{SCRIPT}", f"\x1b[2J{BIDI}"),))
    return replace(
        finding,
        reason=f"{SCRIPT}{BIDI}",
        exchange=replace(exchange, response=response),
        case=replace(finding.case, id=f"delays.count/{SCRIPT}{BIDI}"),
    )


def test_policy_lets_in_our_script_and_style_alone(record: Record) -> None:
    page = Page(rendered("html", record))
    island, script = page.raw["script"]
    digests = [
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()
        for each in (page.raw["style"][0], script)
    ]

    assert json.loads(island)
    assert "default-src 'none'" in page.policy
    assert re.findall(r"'sha256-([^']+)'", page.policy) == digests
    assert "unsafe" not in page.policy


def test_page_asks_for_nothing(record: Record) -> None:
    elements = Page(rendered("html", record)).elements
    asking = [
        value
        for tag, each in elements
        for name, value in each.items()
        if (tag, name, each.get("rel")) != ("a", "href", "noreferrer")
        and name in {"src", "href", "action", "srcset", "poster", "data"}
        and not (value or "").startswith("#")
    ]

    assert asking == ["data:,"]


@pytest.mark.parametrize(
    ("source", "links"),
    [
        ("http://b.example/y; https://a.example", ["http://b.example/y"]),
        ("javascript:alert(1), https://a.example", []),
        ("#/components, as described: https://a.example", []),
    ],
)
def test_only_addresses_that_a_source_begins_with_are_links(
    record: Record, source: str, links: list[str]
) -> None:
    rule = record.result.rules[1]
    said = with_rules(record, replace(rule, rule=replace(rule.rule, source=source)))
    anchors = [it for tag, it in Page(rendered("html", said)).elements if tag == "a"]

    assert [it["href"] for it in anchors if it.get("rel")][:1] == links


def test_hostile_text_stays_text(sample: ModuleType, record: Record) -> None:
    rule = record.result.rules[1]
    bad = tuple(hostile(sample, each) for each in rule.failures)
    hurt = with_rules(record, replace(rule, failures=bad, why=f"{SCRIPT}{BIDI}"))
    hurt = replace(
        hurt,
        notices=(f"{SCRIPT}{BIDI}",),
        started=replace(hurt.started, target=f"http://x/{SCRIPT}{BIDI}"),
        result=replace(hurt.result, message=SCRIPT, hint=BIDI),
    )

    data = rendered("html", hurt)
    page = Page(data)

    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 2
    assert "img" not in tags
    assert not any(name[:2] == "on" for _, each in page.elements for name in each)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", data.decode()
    )
    assert "\\u202eevil" in data.decode()
    assert SCRIPT in page.slots(0)["why"]


def test_thousands_of_heavy_failures_stay_within_what_a_page_may_weigh(
    sample: ModuleType, record: Record
) -> None:
    rule = record.result.rules[1]
    first = rule.failures[0]
    failures = tuple(
        replace(
            first,
            case=replace(first.case, id=f"delays.count/{at}"),
            exchange=sample.exchange(
                first.case, 201, (f"{at} " + "\U0001f600" * 4000).encode()
            ),
        )
        for at in range(1500)
    )

    data = rendered("html", with_rules(record, replace(rule, failures=failures)))

    assert len(data) < 20_000_000
    assert data.count(b'<details class="case"') == 1500
    assert len(Page(data).island["cases"]) == 1499


PLAIN: Json = {"name": "a", "retries": 1, "delays": [5, {"k": 1}], "flow": {"say": "b"}}


@pytest.mark.parametrize(
    ("patch", "was", "now"), TABLES["faults"].values(), ids=TABLES["faults"]
)
def test_fault_is_marked_in_both_bodies(
    patch: Json, was: list[str], now: list[str]
) -> None:
    body = patched(PLAIN, patch)

    left, right = pair(encode(PLAIN), encode(body))

    assert marked(left, "was") == was
    assert marked(right, "now") == now
    heights = [sum(text.count("\n") for _, text in side) for side in (left, right)]
    assert heights[0] == heights[1]


def marked(body: tuple[tuple[str, str], ...], mark: str) -> list[str]:
    return [
        line.strip()
        for kind, text in body
        for line in text.splitlines()
        if kind == mark
    ]


def test_far_lines_of_a_long_pair_are_left_out() -> None:
    long = {"items": list(range(400)), "last": 1}

    left, right = pair(encode(long), encode({**long, "last": 2}))

    assert marked(left, "was") == ['"last": 1']
    assert marked(right, "now") == ['"last": 2']
    assert "lines left out" in "".join(text for mark, text in left if mark == "cut")


def test_answer_is_indented_and_not_rewritten() -> None:
    answer = b'{"a" : 1e400,"a":[ ],"b":[{"c":"\\u00e9 \\" ,["}],"d":-0.0}'

    text = "".join(part for _, part in one(answer))

    assert text.splitlines() == [
        "{",
        '  "a": 1e400,',
        '  "a": [],',
        '  "b": [',
        "    {",
        '      "c": "\\u00e9 \\" ,["',
        "    }",
        "  ],",
        '  "d": -0.0',
        "}",
    ]
