"""Mutants that let in whom they should not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.behaviour import bearer
from ringspec.reference.mutants.defects import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.behaviour import Behaviour
    from ringspec.reference.mutants.defects import Defect


def _admitting(admit: Callable[[str | None, str], bool]) -> Defect:
    def apply(behaviour: Behaviour) -> Behaviour:
        return replace(behaviour, admit=admit)

    return apply


def _anybody(_header: str | None, _token: str) -> bool:
    return True


def _anything_like_it(header: str | None, _token: str) -> bool:
    """Admit what looks like a token. Source: RFC 6750, 2.1, for its signs."""
    return re.fullmatch("[A-Za-z0-9._~+/=-]{16,}", bearer(header) or "") is not None


auth_mutants = (
    Mutant(
        "token-not-checked",
        "auth.token",
        "Everybody is let in, with a token or without.",
        _admitting(_anybody),
    ),
    Mutant(
        "token-of-right-shape-accepted",
        "auth.token",
        "Whatever looks like a token is taken for one.",
        _admitting(_anything_like_it),
    ),
)
