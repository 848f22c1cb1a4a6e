"""Signs: what two failures of one defect have in common, read from each alone.

In: a finding. Out: a key; findings of one key are taken for one defect.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeAlias

from ringspec.harness import Exchange, Finding
from ringspec.reports.text import cut
from ringspec.spec import Json
from ringspec.strategies import Phase, Status, status_fits

# How an exchange ended, and what its answer complains of.
_Answer: TypeAlias = tuple[str, frozenset[str]]
# Of a body, what is compared.
_START = 4096
# Different complaints that may be as many defects; and answers that are looked at.
_MANY, _CITING = 8, 300
# What differs from one answer to the next: ids, numbers, and what is quoted.
_VARYING = re.compile(r"[0-9a-fA-F]+(?:-[0-9a-fA-F]+)+|[0-9a-fA-F]{12,}|\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_INDEX = re.compile(r"/\d+(?=/|$)")
# How a check of answers begins what it says of a place.
_PLACE = re.compile(r"(?P<place>/\S*) (?:is|breaks)\b")
_MORE = re.compile(r" \(and \d+ more\)$")


def is_unchecked(finding: Finding) -> bool:
    """Tell whether an invalid body was accepted that breaks the finding's rule."""
    response = finding.exchange.response
    accepted = response is not None and response.status // 100 == 2
    return accepted and finding.rule in finding.case.broken


def is_bad_answer(finding: Finding) -> bool:
    """Tell whether the answer is bad as such: something valid refused, a breakdown."""
    response = finding.exchange.response
    if response is None or response.status >= 500:
        return True
    refused = response.status >= 400 and status_fits(200, _due(finding))
    return refused and _is_misfit(finding)


def _is_misfit(finding: Finding) -> bool:
    response = finding.exchange.response
    status = response.status if response else 0
    return finding.rule == finding.case.rule and not status_fits(status, _due(finding))


def _due(finding: Finding) -> Status:
    """Return which status the answer was to have."""
    case, played = finding.case, finding.exchange.played
    if not case.steps:
        return case.status
    return case.steps[played.at if played else -1].status


def sign(finding: Finding) -> tuple[Hashable, ...]:
    """Return a key of what a check says, whatever values it cites."""
    response = finding.exchange.response
    status = response.status if response else 0
    if _is_misfit(finding):
        # Which 2xx it is depends on the operation alone.
        came = "2xx" if status // 100 == 2 else str(status)
        return finding.rule, came, _due(finding)
    reason = _MORE.sub("", finding.reason)
    place = _PLACE.match(reason)
    if place is not None:
        # One serialiser writes all members of a name.
        leaf = _INDEX.sub("", place["place"]).rpartition("/")[2]
        return "place", status >= 400, "its default is" in reason, leaf
    reason = reason.replace(finding.exchange.request.method, "#").partition(": ")[0]
    return finding.rule, _VARYING.sub("#", _QUOTED.sub("#", reason))


def operation(finding: Finding) -> tuple[str, str] | None:
    """Return the operation a finding is about, where each may err by itself.

    A status is chosen by the code of one operation, the form of an answer by what all
    of them share.
    """
    case, played = finding.case, finding.exchange.played
    if not _is_misfit(finding) or case.phase not in {Phase.AUTH, Phase.LIFECYCLE}:
        return None
    if not case.steps:
        return case.request.method, case.request.path
    request = case.steps[played.at if played else -1].request
    return request.method, request.path


def complaint(finding: Finding) -> str:
    """Say what is wrong with an answer; it may cite the target."""
    exchange = finding.exchange
    if exchange.response is None:
        return f"no answer: {exchange.summary}"
    status = exchange.response.status
    if status >= 500:
        return f"the server fails with HTTP {status}"
    called = operation(finding)
    if called is not None:
        due = " or ".join(map(str, _due(finding)))
        return f"{' '.join(called)} is answered with HTTP {status} where {due} is due"
    if is_bad_answer(finding):
        return f"valid requests are refused with HTTP {status}"
    return finding.reason


def by_answer(findings: Sequence[Finding]) -> Iterator[list[int]]:
    """Group findings, by number, whose answers say the same.

    An answer that says more than another is taken with it: a server lists as many
    complaints as it has.
    """
    said = [_said(each.exchange) for each in findings]
    least = _least(set(said))
    groups: defaultdict[_Answer, list[int]] = defaultdict(list)
    for number, each in enumerate(said):
        groups[least[each]].append(number)
    yield from groups.values()


def _least(answers: set[_Answer]) -> dict[_Answer, _Answer]:
    """Return, for each answer, the one that says least of what it says.

    Where very many say different things each cites something, and they say nothing.
    """
    found: dict[_Answer, _Answer] = {}
    for how in {how for how, _ in answers}:
        alike = [each for each in answers if each[0] == how]
        found |= dict.fromkeys(alike, (how, frozenset()))
        if len(alike) > _CITING:
            continue
        bare = [it for it in alike if not any(it[1] > other[1] for other in alike)]
        bare.sort(key=lambda it: sorted(it[1]))
        if len(bare) <= _MANY:
            for each in alike:
                found[each] = next(it for it in bare if each[1] >= it[1])
    return found


def _said(exchange: Exchange) -> _Answer:
    """Return how an exchange ended, and what its answer complains of."""
    response = exchange.response
    if response is None:
        return str(exchange.failure.trouble if exchange.failure else ""), frozenset()
    text = response.body[:_START].decode("utf-8", "backslashreplace")
    try:
        told = frozenset(_leaves(json.loads(response.body[:_START]), ""))
    except (ValueError, RecursionError):
        told = frozenset({_plain(text)})
    return str(response.status), told


def _leaves(value: Json, place: str) -> Iterator[str]:
    match value:
        case dict():
            for name, child in value.items():
                yield from _leaves(child, f"{place} {_plain(name)}")
        case list():
            for child in value:
                yield from _leaves(child, place)
        case str():
            yield f"{place}: {_plain(value)}"
        case None | bool():
            yield f"{place}: {value}"


def _plain(text: str) -> str:
    return _VARYING.sub("#", _QUOTED.sub("#", cut(text, 400)))
