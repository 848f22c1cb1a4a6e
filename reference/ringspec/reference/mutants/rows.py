"""The fleet, read from its rows: mutants with one defect each, and lawful variants.

The words of a row are functions of `body_words` and `server_words`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Any

import yaml

from ringspec.reference.behaviour import Behaviour, Defect
from ringspec.reference.body_checks import CHECKS, REQUIRED
from ringspec.reference.mutants import body_words, server_words
from ringspec.reference.mutants.vocabulary import as_list

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_ABOUT = {"name", "rule", "defect", "level", "at", "when"}
# A busy mutant fails above this number of connections within a second.
BUSY_CONNECTIONS = 16
_BUSY_WINDOW_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A server with one difference from the reference, described by a row."""

    name: str
    rule: str = ""  # id of the rule that a mutant breaks; a lawful variant breaks none
    defect: str = ""  # the difference of a mutant, in a sentence
    # Of a mutant that shows at a weaker level than its rule's; of a lawful variant, the
    # strictest at which it passes.
    level: str = ""
    at: str | None = None  # path of the values concerned; empty for the whole body
    during: tuple[str, ...] = ()  # operations that differ; all if none is named
    when: str = ""  # "busy" if it differs only while many connections are in use
    words: Mapping[str, Any] = field(default_factory=dict)  # the differences, by word

    def apply(self, behaviour: Behaviour) -> Behaviour:
        """Apply the row's difference to a behaviour."""
        defect = body_words.together(
            _function_of(word)(argument, self) for word, argument in self.words.items()
        )
        if self.during:
            during = {**behaviour.during, **dict.fromkeys(self.during, defect)}
            return replace(behaviour, during=during)
        return _when_busy(defect, behaviour) if self.when else defect(behaviour)


def _function_of(word: str) -> Callable[[Any, Variant], Defect]:
    name = word.replace(" ", "_")
    home = body_words if hasattr(body_words, name) else server_words
    return getattr(home, name)  # type: ignore[no-any-return] # a word of rows


def _when_busy(defect: Defect, right: Behaviour) -> Behaviour:
    """Apply a defect only while traffic is dense.

    The number of connections counts, not their pace, which no machine keeps.
    """
    wrong = defect(right)
    # The connections with a request within the last second, longest silent first.
    asked: dict[object, float] = {}

    def counting(app: ASGIApp) -> ASGIApp:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            client, now_s = scope.get("client"), time.monotonic()
            asked.pop(client, None)
            asked[client] = now_s
            while next(iter(asked.values())) < now_s - _BUSY_WINDOW_S:
                del asked[next(iter(asked))]
            await app(scope, receive, send)

        return counted

    def switched(due: Callable[..., Any], other: Callable[..., Any]) -> Any:
        return lambda *given: (
            other(*given) if len(asked) > BUSY_CONNECTIONS else due(*given)
        )

    parts: dict[str, Any] = {
        each: switched(getattr(right, each), getattr(wrong, each))
        for each in ("read", "show", "admit")
    }
    checks = tuple(
        replace(due, holds=switched(due.holds, other.holds))
        for due, other in zip(right.checks, wrong.checks, strict=True)
    )
    return replace(right, **parts, checks=checks, wire=counting)


def _loaded(name: str) -> Any:
    text = (files("ringspec.reference.mutants") / f"{name}.yaml").read_text("utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe


def rows_of(family: str) -> list[Variant]:
    """Read the rows of a file."""
    return [
        Variant(
            **{name: each[name] for name in each if name in _ABOUT},
            during=tuple(as_list(each.get("during", []))),
            words={k: v for k, v in each.items() if k not in {*_ABOUT, "during"}},
        )
        for each in _loaded(family)
    ]


def _unchecked() -> Iterator[Variant]:
    """Yield a mutant for each rule on the body that forgets it, and those of kinds."""
    rows = rows_of("unchecked")
    own = {each.rule: each for each in rows if each.words["forgets"] == each.rule}
    for check in CHECKS:
        row = own.get(check.rule) or _forgetting(check.rule)
        if row.name not in EQUIVALENT:
            yield row
    yield from (each for each in rows if each not in own.values())


def _forgetting(rule: str) -> Variant:
    member = rule.removesuffix(".required")
    name = re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", rule)
    if member in REQUIRED:
        name = f"{name.removesuffix('.required')}-not-required"
        defect = f"The member {member} may be left out."
    else:
        name = f"{name.replace('.', '-')}-unchecked"
        defect = f"Nothing is refused for the rule {rule}."
    return Variant(name=name, rule=rule, defect=defect, words={"forgets": rule})


_FAMILIES, EQUIVALENT, SHARED = _loaded("fleet").values()
_ROWS = (*_unchecked(), *chain.from_iterable(map(rows_of, _FAMILIES)))
MUTANTS = {each.name: each for each in _ROWS}
# Fail only while many connections are in use, so that no plain run notices them.
BUSY = {each.name: each for each in rows_of("busy")}
LAWFUL = tuple(rows_of("lawful"))


def variant(name: str) -> Variant:
    """Return the mutant or the lawful variant of a name.

    Raises:
        KeyError: unknown name.
    """
    return {**MUTANTS, **BUSY, **{each.name: each for each in LAWFUL}}[name]
