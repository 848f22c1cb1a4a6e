"""The requirements on a broadcast: an ordered table of small checks.

In: a body in canonical spelling. Out: its problems, each of its check's one rule. A
check passes a value of another type than it is about, so that a type error stands
alone. The id of a rule says which values it is about (`_paths_of`), its row in
`body_checks.toml` what it requires of them.

Source: facts.md A (rows 1 to 19), B1, B2, C (R1 to R8, R10 to R23, R25, R26, R28).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ringspec.reference.json_values import (
    ABSENT,
    Json,
    Path,
    Place,
    Select,
    Test,
    as_object,
    at,
    is_uuid,
    member,
    number,
    table,
    when,
)

_ROWS = table("body_checks.toml")
LONGEST_DELAY_MIN: int = _ROWS["retryDelays.items.max"]
_INPUTS: list[str] = _ROWS["actions.inputs.unknown"]
# The members of a broadcast; others are unknown, and not kept.
MEMBERS = tuple(dict.fromkeys(rule.partition(".")[0] for rule in [*_ROWS][1:]))
REQUIRED = tuple(name for name in MEMBERS if _ROWS.get(f"{name}.required") is True)


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule, the place, and the value required there."""

    rule: str
    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: the values it applies to, and the test of each."""

    rule: str
    select: Select
    holds: Test
    message: str


def validate(body: Json, checks: Iterable[Check]) -> list[Problem]:
    """Find all problems of a body, in the order of the checks."""
    return [
        Problem(check.rule, path, check.message)
        for check in checks
        for path, value in check.select(body)
        if not check.holds(value)
    ]


def _paths_of(name: str) -> list[str]:
    """List the paths of the values that a rule's id names, without its last part.

    `.items` is each item of an array. A choice is each item of `choices`. A reaction to
    an outcome or a key is held to the same rules.
    """
    path = "" if name == "body" else name.replace(".items", ".*")
    path = re.sub(r"\bchoices\.(?!\*)", "choices.*.", path)
    path = re.sub(r"\breaction\.(?=attribute|value)", "reaction.*.", path)
    if not path.startswith("actions.reaction"):
        return [path]
    places = ("status.delivered|failed", f"inputs.{'|'.join(_INPUTS)}")
    return [path.replace("reaction", place, 1) for place in places]


def _select(paths: Iterable[str]) -> Select:
    selects = [at(path) for path in paths]
    if len(selects) == 1:
        return selects[0]
    return lambda body: [place for select in selects for place in select(body)]


def _parents(name: str) -> Select:
    return _select(path.rpartition(".")[0] for path in _paths_of(name))


_TYPES: dict[str, Test] = {
    "a string": lambda value: isinstance(value, str),
    "an integer": lambda value: number(value) is not None,
    "a boolean": lambda value: isinstance(value, bool),
    "an array": lambda value: isinstance(value, list),
    "an object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _typed(kind: str) -> tuple[Test, str]:
    first, *more = (_TYPES[name] for name in kind.split(" or "))
    message = f"must be {kind.removesuffix(' or null')}"
    if not more:
        return first, message
    return lambda value: first(value) or any(it(value) for it in more), message


def _one_of(*words: Json) -> tuple[Test, str]:
    holds = _TYPES["a string" if isinstance(words[0], str) else "an integer"]
    message = f"must be one of {', '.join(map(str, words))}"
    return lambda value: not holds(value) or value in words, message


def _sized(kind: str, low: int, high: int | None = None) -> tuple[Test, str]:
    def holds(value: Json) -> bool:
        if not isinstance(value, str | list) or not _TYPES[kind](value):
            return True
        return low <= len(value) and (high is None or len(value) <= high)

    limits = f"at least {low}" if high is None else f"{low} to {high}"
    return holds, f"must have a length of {limits}"


def _given(value: Json, names: Iterable[str]) -> int:
    return sum(as_object(value).get(name) is not None for name in names)


def _counts_match(body: Json) -> bool:
    """Return whether delays and retries, if countable, are equal in number."""
    delays, retries = (as_object(body).get(name) for name in ("retryDelays", "retries"))
    if not isinstance(delays, list) or number(retries) not in _ROWS["retries.enum"]:
        return True
    return len(delays) == retries


def _keys_differ(choices: Json) -> bool:
    """Return whether the known keys of a menu are all different."""
    if not isinstance(choices, list):
        return True
    keys = [as_object(choice).get("key") for choice in choices]
    known = [key for key in keys if key in _ROWS["voiceFlow.menu.choices.key.enum"]]
    return len(known) == len(set(map(str, known)))


# The test and the message of a rule, by the last word of its id.
_TESTS: dict[str, Callable[..., tuple[Test, str]]] = {
    "type": _typed,
    "enum": _one_of,
    "unknown": _one_of,
    "length": _sized,
    "min": lambda bound: (
        lambda value: (given := number(value)) is None or given >= bound,
        f"must be at least {bound}",
    ),
    "max": lambda bound: (
        lambda value: (given := number(value)) is None or given <= bound,
        f"must be at most {bound}",
    ),
    "format": lambda kind: (
        lambda value: not isinstance(value, str) or is_uuid(value),
        f"must be a {kind}",
    ),
    "required": lambda _: (lambda value: value is not ABSENT, "is required"),
    "xor": lambda *names: (
        lambda value: not isinstance(value, dict) or _given(value, names) == 1,
        f"must have exactly one of {' and '.join(names)}",
    ),
    "or": lambda *names: (
        lambda value: not isinstance(value, dict) or _given(value, names) > 0,
        f"must have {' or '.join(names)}",
    ),
    "count": lambda other: (_counts_match, f"must have as many items as {other} says"),
    "unique": lambda _: (_keys_differ, "must not offer a key twice"),
}


def _delays_with_retries(body: Json) -> Iterator[Place]:
    """Select the delays, with the body as value, since the rule compares members."""
    if isinstance(body, dict) and isinstance(body.get("retryDelays"), list):
        yield ("retryDelays",), body


_inputs = at("actions.inputs")


def _input_names(body: Json) -> Iterator[Place]:
    for path, value in _inputs(body):
        yield from (((*path, name), name) for name in as_object(value))


# The values of a rule, by the last word of its id, where its name does not say them.
_SELECTED: dict[str, Callable[[str], Select]] = {
    "required": lambda name: member(_parents(name), name.rpartition(".")[2]),
    "xor": _parents,
    "or": _parents,
    "count": lambda _: _delays_with_retries,
    "unique": lambda _: at("voiceFlow.menu.choices"),
    "unknown": lambda _: _input_names,
}


def _check(rule: str, required: Any) -> Check:
    """Make the check of a row."""
    if isinstance(required, dict):
        return _required_with(rule, **required)
    name, _, word = rule.rpartition(".")
    given: Sequence[Any] = required if isinstance(required, list) else [required]
    own = _SELECTED.get(word)
    select = own(name) if own else _select(_paths_of(name))
    return Check(rule, select, *_TESTS[word](*given))


def _required_with(rule: str, other: str, wanted: Json, kind: str = "") -> Check:
    """Check type or presence of a member that one value of another one requires.

    Beside other values the member may be null, or absent.
    """
    name = rule.rpartition(".")[0]
    parents = when(lambda body: as_object(body).get(other) == wanted, at())
    values = at(name)

    def select(body: Json) -> Iterator[Place]:
        strict = bool(list(parents(body)))
        yield from (each for each in values(body) if strict or each[1] is not None)

    if kind:
        return replace(_check(rule, kind), select=select)
    message = f"is required when {other} is {wanted}"
    return replace(_check(rule, True), select=member(parents, name), message=message)  # noqa: FBT003 - as in a row


CHECKS = tuple(_check(rule, required) for rule, required in _ROWS.items())
