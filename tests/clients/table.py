"""CLIENTS.md, rendered from what was measured: `python -m tests.clients.table`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ringspec.spec import load

from .drivers import CLIENTS, COLLECTION, Client
from .measure import FILE, ROOT

PAGE = ROOT / "CLIENTS.md"
_LEVELS = ("must", "should", "may")
_SUMS = ("client", "dialect", "requests", "rules broken", "exit")
_VENDOR = ("sdk", "sdk-canonical", "sdk-careless")
_HEAD = """\
# Other people's clients

Which rules of the contract does a client break? `ringspec serve --record` judges what
it sends, request by request, by the contract and two validators. So were these:

```sh
ringspec serve --port 8000 --record record.ndjson --report html=client.html
# point the client at the URL and the credentials that were printed, then Ctrl-C
```

This page is made of such runs: `python -m tests.clients.measure`, then
`python -m tests.clients.table`. A number says how many requests broke a rule, of those
that gave occasion to. What no source settles is listed apart: it is neither right nor
wrong.
"""
_SDK = """\
## The vendor's SDK, naxai 0.0.49

*As it spells* is the dialect `naxai-sdk`, *by the page* the contract as it stands: both
times it is asked for what it is good for, six broadcasts and the life of one. *Told
nonsense* is what it lets through where its caller errs, one rule at a time: it checks
none across members, and few within one.
"""
_CURL = """\
## curl

```sh
curl -sS "$URL/voice/broadcasts" -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d @notice.json
```

breaks nothing. Without the second header curl labels what `-d` sends as a form:
"""


def render(results: dict[str, Any]) -> str:
    """Write the page."""
    postman = f"""\
## A Postman collection

[{COLLECTION.name}]({COLLECTION.relative_to(ROOT)})
has a token, a notice, a list and a survey whose second redial has no delay.
`newman run` sends it, and so do our tests:
"""
    parts = [
        _HEAD,
        _table(_SUMS, _sums(results)),
        _SDK,
        _vendor(results),
        _open(results, _VENDOR),
        _CURL,
        _broken(results["curl"]),
        postman,
        _broken(results["postman"]),
    ]
    return "\n\n".join(each.strip() for each in parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)


def _sums(results: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for client in CLIENTS:
        found = results[client.name]
        levels = Counter(each["level"] for each in found["broken"].values())
        counts = [f"{levels[it]} {it.upper()}" for it in _LEVELS if levels[it]]
        broken = ", ".join(counts) or "none"
        requests, status = str(found["requests"]), str(found["exit"])
        yield client.title, client.dialect, requests, broken, status


def _vendor(results: dict[str, Any]) -> str:
    columns = [results[name]["broken"] for name in _VENDOR]
    rules = load().rules
    found = [each for each in rules if any(each in column for column in columns)]
    found.sort(key=lambda each: rules[each].level.rank)
    rows = (
        (
            f"`{each}`",
            rules[each].level.upper(),
            *(_number(column, each) for column in columns),
            next(_cell(column[each]["reason"]) for column in columns if each in column),
        )
        for each in found
    )
    head = ("rule", "level", "as it spells", "by the page", "told nonsense", "such as")
    return _table(head, rows)


def _number(broken: dict[str, Any], rule: str) -> str:
    return f"{broken[rule]['times']} of {broken[rule]['of']}" if rule in broken else "-"


def _cell(text: str) -> str:
    return f"`{text.replace('|', '/')}`"


def _open(results: dict[str, Any], names: Sequence[str]) -> str:
    found: dict[str, tuple[Client, dict[str, Any]]] = {}
    for client in CLIENTS:
        if client.name in names:
            for what, each in results[client.name]["unspecified"].items():
                found.setdefault(what, (client, each))
    lines = (
        f"- {client.title.rpartition(', ')[2]}: {_cell(each['reason'])}"
        for client, each in found.values()
    )
    return "\n".join(("Unspecified, each where it was first seen:", "", *lines))


def _broken(found: dict[str, Any]) -> str:
    rows = (
        (f"`{each['rule']}`", each["level"].upper(), _cell(each["reason"]))
        for each in found["broken"].values()
    )
    return _table(("rule", "level", "such as"), rows)


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(render(json.loads(FILE.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
