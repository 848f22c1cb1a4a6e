"""A failure for the page: what was sent, what came back, what is wrong, what is due.

In: a finding. Out: texts by the name of the slot that they fill. The template writes
the slots of the first failures itself; the script fills the same slots for the others.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ringspec.harness import Exchange, Finding, Started
from ringspec.reports.advice import kept
from ringspec.reports.answer import status_line
from ringspec.reports.curl import curl
from ringspec.reports.fault import fault_lines
from ringspec.reports.html.bodies import Body, one, pair
from ringspec.reports.html.due import due
from ringspec.reports.html.shelf import Shelf, Value
from ringspec.reports.text import cut, decoded, shown, visible
from ringspec.spec import Rule
from ringspec.strategies import Case, Phase, Request

# In the order in which the island lists them.
SLOTS = (
    "why",
    "due",
    "fault",
    "before",
    "request",
    "twin_id",
    "twin",
    "body",
    "status",
    "headers",
    "answer",
    "curl",
    "replay",
)
# Shortened, these are of no use.
EXACT = frozenset({"curl", "replay"})
_HEADERS = 60
_HEADER = 400
_STEP_BODY = 400


@dataclass(frozen=True, slots=True)
class CaseView:
    """A failing case on a page.

    Attributes:
        fault: its fault on one line, for the list.
        below: whether it only warns.
        slots: its details, if they are written out, else its number in the island.
    """

    id: str
    level: str
    status: str
    fault: str
    why: str
    below: bool
    slots: dict[str, Value] | None
    number: int = 0


class Cases:
    """Makes views of findings, and keeps the details that are not written out."""

    def __init__(self, started: Started) -> None:
        self._started = started
        self._shelf = Shelf()
        self._cases: list[list[int]] = []

    def view(self, finding: Finding, rule: Rule, *, full: bool) -> CaseView:
        """Make a view of a finding; a full one brings its details along."""
        slots = details(finding, rule, self._started)
        written: dict[str, Value] | None = None
        if full:
            written = {
                name: self._shelf.fit(slots[name], exact=name in EXACT)
                for name in SLOTS
            }
        else:
            self._cases.append(
                [self._shelf.put(slots[name], exact=name in EXACT) for name in SLOTS]
            )
        return CaseView(
            id=shown(finding.case.id, 200),
            level=finding.level,
            status=_short_status(finding.exchange),
            fault=cut(str(slots["fault"]).split("\n")[0], 120),
            why=shown(finding.reason, 200),
            below=not finding.level.gates(self._started.level),
            slots=written,
            number=len(self._cases) - 1,
        )

    def island(self) -> str:
        """Write the details that are not written out, for a script element."""
        return self._shelf.island(SLOTS, self._cases)


def details(finding: Finding, rule: Rule, started: Started) -> dict[str, Value]:
    """Return the texts of a finding by slot."""
    case, exchange = finding.case, finding.exchange
    twin, body = _bodies(exchange.request.body, finding.twin)
    response = exchange.response
    return {
        "why": shown(finding.reason, 1000),
        "due": due(finding, rule),
        "fault": "\n".join(fault_lines(case, finding.twin)),
        "before": _before(exchange),
        "request": _request(exchange.request),
        "twin_id": shown(case.twin or "", 200),
        "twin": twin,
        "body": body,
        "status": status_line(exchange),
        "headers": _headers(response.headers) if response else "",
        "answer": one(response.body) if response else (),
        "curl": curl(exchange, case.id),
        "replay": "" if started.clients else replay(case, started),
    }


def replay(case: Case, started: Started) -> str:
    """Write the command line that fires a case again; found ones stand in a report."""
    words = ["ringspec", "replay"]
    if case.phase is Phase.EXPLORE:
        words += ["REPORT.json", "--case"]
    words += [case.id, started.target, *kept(started)]
    return visible(shlex.join(words))


def _bodies(body: bytes, twin: Case | None) -> tuple[Body, Body]:
    """Return the twin's body, if it was edited, and the body as sent."""
    if twin is None or not (body or twin.request.body):
        return (), one(body)
    if twin.request.body == body:
        return (), one(body)
    return _pair(twin.request.body, body)


@lru_cache(maxsize=512)
def _pair(twin: bytes, body: bytes) -> tuple[Body, Body]:
    return pair(twin, body)


def _short_status(exchange: Exchange) -> str:
    if exchange.response is not None:
        return f"HTTP {exchange.response.status}"
    return str(exchange.failure.trouble) if exchange.failure else "no answer"


def _request(request: Request) -> str:
    line = f"{shown(request.method, 40)} {shown(request.path, 1000)}"
    headers = _headers(request.headers)
    return f"{line}\n{headers}" if headers else line


def _headers(headers: tuple[tuple[str, str], ...]) -> str:
    lines = [shown(f"{name}: {value}", _HEADER) for name, value in headers[:_HEADERS]]
    left = len(headers) - _HEADERS
    return "\n".join([*lines, *([f"… and {left} more"] if left > 0 else [])])


def _before(exchange: Exchange) -> str:
    """Write what was sent before and how it was answered, bodies in short."""
    earlier = exchange.played.earlier if exchange.played else ()
    return "\n\n".join("\n".join(_step(each)) for each in earlier)


def _step(exchange: Exchange) -> Iterator[str]:
    request = exchange.request
    yield f"{shown(request.method, 40)} {shown(request.path, 1000)}"
    if request.body:
        yield shown(decoded(request.body[: 4 * _STEP_BODY]), _STEP_BODY)
    yield f"→ {status_line(exchange)}"
    if exchange.response is not None and exchange.response.body:
        yield shown(decoded(exchange.response.body[: 4 * _STEP_BODY]), _STEP_BODY)
