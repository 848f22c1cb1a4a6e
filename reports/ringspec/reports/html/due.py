"""What would have been right: the expectation of a case, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ringspec.harness import Finding
from ringspec.reports.text import shown
from ringspec.spec import Rule, is_shallow
from ringspec.strategies import Case, Expect, Status, Want, What

_VALUE = 80


def due(finding: Finding, rule: Rule) -> str:
    """Say what a conforming target does, where this one did not.

    Where a check of the answer fails, that is what its rule says; a target that broke
    down is told what the case asks for besides.
    """
    case, response = finding.case, finding.exchange.response
    if finding.rule in (case.rule, *case.broken):
        return _sentence(expectation(case))
    if finding.rule == "error.status":
        return _sentence(_status(case.status))
    if response is None or response.status >= 500:
        return f"{rule.sentence} Here: {expectation(case)}."
    return rule.sentence


def expectation(case: Case) -> str:
    """Say what a case expects, as a phrase."""
    if case.steps:
        last = case.steps[-1]
        wanted = "; ".join((_status(last.status), *_wants(last.wants)))
        return f"after what was sent before, {wanted}" if case.steps[1:] else wanted
    status = _status(case.status)
    match case.expect:
        case Expect.ACCEPT:
            return f"the body is valid, so that it is accepted with {status}"
        case Expect.REJECT if case.broken:
            return f"the body is invalid, so that it is refused with {status}"
        case Expect.REJECT:
            return f"the request is refused with {status}"
        case Expect.SURVIVE:
            return f"an answer in time, with {status}"


def _status(status: Status) -> str:
    """Write `a 2xx status`, `status 400 or 422`."""
    *others, last = map(str, status or ("any",))
    words = f"{', '.join(others)} or {last}" if others else last
    if words.isdigit() or words[:3].isdigit():
        return f"status {words}"
    return f"{'an' if words.startswith('any') else 'a'} {words} status"


def _wants(wants: tuple[Want, ...]) -> Iterator[str]:
    for want in wants:
        value = _value(want)
        at = shown(want.at, _VALUE)
        match want.what:
            case What.ONE_OF:
                yield f"{at} is {value}"
            case What.IF_SHOWN:
                yield f"{at}, if it is there, is {value}"
            case What.DIFFERS:
                yield f"{at} is no longer {value}"
            case What.SHOWS:
                yield "the answer gives back what was sent"
            case What.HAS:
                yield f"the list has an item with {at} {value}"
            case What.LACKS:
                yield f"the list has no item with {at} {value}"
            case What.UNLIKE:
                yield f"the list has no new item with {value}"


def _value(want: Want) -> str:
    if not is_shallow(want.value):
        return "a deeply nested value"
    several = want.what in (What.ONE_OF, What.IF_SHOWN)
    values = want.value if several else [want.value]
    written = (json.dumps(each, ensure_ascii=False) for each in values)
    return " or ".join(shown(each, _VALUE) for each in written)


def _sentence(phrase: str) -> str:
    return f"{phrase[:1].upper()}{phrase[1:]}."
