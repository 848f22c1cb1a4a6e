"""Expecting: the statuses of one target, where it is known to be exact about them.

In: cases as compiled, and what the target answers with. Out: the same cases, expecting
that: the operation's own statuses of acceptance and refusal, not those of other rules.
"""

from __future__ import annotations

from dataclasses import replace

from ringspec.strategies.case import Case, Expect, Phase


def expecting(
    cases: tuple[Case, ...], success: int | None, rejection: tuple[int, ...]
) -> tuple[Case, ...]:
    """Return cases that expect exact statuses.

    Args:
        cases: as compiled.
        success: of what is accepted; any 2xx without one.
        rejection: of bodies that break a rule; those of the contract without any.
    """
    if success is None and not rejection:
        return cases
    return tuple(_expecting(case, success, rejection) for case in cases)


def _expecting(case: Case, success: int | None, rejection: tuple[int, ...]) -> Case:
    if case.phase != Phase.CASES or case.steps:
        return case
    if case.expect == Expect.ACCEPT and success is not None:
        return replace(case, status=(success,))
    if case.broken and rejection:
        return replace(case, status=rejection)
    return case
