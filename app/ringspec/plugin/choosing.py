"""Which embedded server is meant."""

from __future__ import annotations

from collections.abc import Collection

from ringspec.reference import DIALECTS, Embedded
from ringspec.spec import UsageError, did_you_mean


def embedded(mutant: str | None, dialect: str) -> Embedded:
    """Return the reference server, or a mutant of it, not yet started.

    Raises:
        UsageError: there is no such mutant, or no such dialect.
    """
    __tracebackhide__ = True
    if mutant is not None:
        from ringspec.reference import MUTANTS  # noqa: PLC0415 - it takes a while

        _check("mutant", mutant, MUTANTS, "`ringspec serve --list-mutants` lists them")
    _check("dialect", dialect, DIALECTS, f"there are {', '.join(DIALECTS)}")
    return Embedded(dialect=dialect, mutant=mutant)


def _check(what: str, name: str, known: Collection[str], hint: str) -> None:
    __tracebackhide__ = True
    if name in known:
        return
    hint = did_you_mean(name, known) + hint
    raise UsageError(f"the reference server has no {what} {name!r}: {hint}", hint=hint)
