"""Conditions on values and bodies, from which defects are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringspec.reference.values import Json, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.checks.places import Place
    from ringspec.reference.mutants.defects import Test


def equals(*wanted: Json) -> Test:
    """Tell whether a value is one of a few; true is not 1 here."""
    return lambda value: any(
        value == one and isinstance(value, bool) == isinstance(one, bool)
        for one in wanted
    )


def measures(*lengths: int) -> Test:
    """Tell whether a text or a list is of one of a few lengths."""
    return lambda value: isinstance(value, str | list) and len(value) in lengths


def longer(length: int) -> Test:
    """Tell whether a text or a list is longer than that."""
    return lambda value: isinstance(value, str | list) and len(value) > length


def counts(test: Callable[[float], bool]) -> Test:
    """Tell whether a value is a whole number that passes a test."""

    def passes(value: Json) -> bool:
        given = number(value)
        return given is not None and test(given)

    return passes


def says(test: Callable[[str], bool]) -> Test:
    """Tell whether a value is a text that passes a test."""
    return lambda value: isinstance(value, str) and test(value)


def member(body: Json, *names: str) -> Json:
    """Give what stands below objects, null where there is nothing."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def has(name: str, *wanted: Json) -> Test:
    """Tell whether a body's member has one of a few values."""
    return lambda body: equals(*wanted)(member(body, name))


def yes(name: str) -> Test:
    """Tell whether a body says yes to something."""
    return lambda body: member(body, name) is True


def no(name: str) -> Test:
    """Tell whether a body says no to something."""
    return lambda body: member(body, name) is False


def gives(*names: str) -> Test:
    """Tell whether something is given below a body's members."""
    return lambda body: member(body, *names) is not None


def lacks(*names: str) -> Test:
    """Tell whether nothing is given below a body's members."""
    return lambda body: member(body, *names) is None


def retries(body: Json) -> float:
    """Give a body's count of retries, 0 where there is none."""
    return number(member(body, "retries")) or 0


def redials(body: Json) -> bool:
    """Tell whether a body asks for redials."""
    return retries(body) > 0


def surplus(body: Json) -> float:
    """Count how many delays there are more than retries."""
    delays = member(body, "retryDelays")
    count = number(member(body, "retries"))
    if not isinstance(delays, list) or count is None:
        return 0
    return len(delays) - count


def below(*steps: str) -> Callable[[Place], bool]:
    """Tell whether a place lies below a path."""
    return lambda place: place.path[: len(steps)] == steps


def every(*tests: Test) -> Test:
    """Tell whether all tests are passed."""
    return lambda value: all(test(value) for test in tests)


def neither(test: Test) -> Test:
    """Tell whether a test is not passed."""
    return lambda value: not test(value)
