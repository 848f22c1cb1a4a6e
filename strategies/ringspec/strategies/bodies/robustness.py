"""Unspecified bodies, and bytes that are no JSON: a target has to survive them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path as File
from typing import TypeAlias

from ringspec.spec.proof import is_irregular
from ringspec.spec.rules import ROBUSTNESS
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, Location, at, edit, patched
from ringspec.strategies.bodies.valid import optional_members
from ringspec.strategies.case import Case, Expect, Phase, Requests, encode
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import HOSTILE, LONGEST, Builder, Unfit
from ringspec.strategies.shapes.compile import compile_schema
from ringspec.strategies.shapes.locations import (
    concrete,
    instance_path,
    leaves,
    present,
)
from ringspec.strategies.shapes.shape import admitted

# Values that are wrong, or that no source settles, by the labels of their cases.
VALUES = json.loads(File(__file__).parent.with_name("values.json").read_text("utf-8"))
_BOUNDS = frozenset({"enum", "minimum"})

_Patch: TypeAlias = tuple[dict[str, Json], ...]
_Edit: TypeAlias = tuple[str, Case, _Patch]


def robustness_cases(bodies: Bodies, twins: list[Case]) -> Iterator[Case]:
    """Yield the cases that a target only has to survive, no two with equal bodies."""
    requests, contract = Requests(bodies.contract), bodies.contract
    found: dict[bytes, tuple[str, Case, _Patch | dict[str, Json]]] = {}
    for label, content in spoilt("borderline bytes", twins[0].request.body):
        found.setdefault(content, (label, twins[0], {"bytes": label}))
    for label, twin, patch in _texts(bodies, twins):
        found.setdefault(encode(patched(twin.body, patch)), (label, twin, patch))
    for label, twin, patch in _edits(bodies, twins):
        body = patched(twin.body, patch)
        # Neither valid nor invalid, null for absent aside.
        if is_irregular(body) or not contract.is_settled(body):
            found.setdefault(encode(body), (label, twin, patch))
    for content, (label, twin, fault) in found.items():
        more = {"twin": twin.id, "fault": fault, "phase": Phase.WIRE}
        yield requests.case(ROBUSTNESS, label, Expect.SURVIVE, content, **more)


def unsettled_edits(bodies: Bodies, twin: Case) -> Iterator[tuple[str, _Patch]]:
    """Yield edits of one body that may leave it unspecified, each with its name."""
    for label, _, patch in (*_edits(bodies, [twin]), *_texts(bodies, [twin])):
        yield label.removesuffix("-"), patch  # where the twin has no name


def _edits(bodies: Bodies, twins: list[Case]) -> Iterator[_Edit]:
    plain = twins[0]
    if not isinstance(plain.body, dict):
        return
    yield "unknown-member", plain, (edit("add", ("ringspecUnknown",), "text"),)
    polluting = edit("add", ("__proto__",), {"polluted": True})
    yield "prototype-member", plain, (polluting,)
    # Null for optional members; deep ones are alike.
    for name in dict(optional_members(bodies.contract)).get((), ()):
        twin = _having(twins, (name,))
        if twin is not None:
            yield f"null-{name}", twin, (edit("replace", (name,), None),)
    yield from _numbers(bodies, twins)
    yield from _unsettled_values(bodies, twins)
    yield from _out_of_place(bodies, twins)


def _texts(bodies: Bodies, twins: list[Case]) -> Iterator[_Edit]:
    """Put hostile texts; some are valid by the contract.

    In the first free text alone, then in all others: a server that refuses an unusual
    name never reads these.
    """
    found = [(twin, _free(bodies, twin.body)) for twin in twins]
    plain = found[0][1]
    first = [place for place in plain if len(place) == 1][:1]
    # Where the plainest body has texts, every body has some.
    twin, places = max(
        (each for each in found if set(plain) <= set(each[1])),
        key=lambda each: len(each[1]),
    )
    others = [place for place in places if place not in first]
    name = str(first[0][0]) if first else ""
    for label, at_once, around in ((name, first, twins[0]), ("texts", others, twin)):
        for kind, text in HOSTILE.items() if at_once else ():
            room = max(1, LONGEST // max(1, len(text)))
            patch = tuple(edit("replace", place, text) for place in at_once[:room])
            yield f"{label}-{kind}", around, patch


def _free(bodies: Bodies, body: Json) -> list[Location]:
    """List the locations of free texts in a body."""
    return [
        place
        for place, value in leaves(body)
        if isinstance(value, str)
        and any(it.is_free_text for it in bodies.shapes_at(instance_path(place)))
    ]


def _numbers(bodies: Bodies, twins: list[Case]) -> Iterator[_Edit]:
    """Put a whole number with a fraction of zero, and numbers of other sizes."""
    integers = [
        each.instance
        for each in bodies.contract.assertions
        if each.keyword == "type"
        and "integer" in each.value
        and each.instance.count(ITEM) <= 1
    ]
    # The same member in several places is tried in the first.
    members = {each[-1]: each for each in reversed(integers)}
    for instance in reversed(members.values()):
        place = concrete(instance)
        twin = _having(twins, place)
        if twin is None or not isinstance(at(twin.body, place), int):
            continue
        name = _dotted(place)
        if len(place) <= 2:
            whole = float(at(twin.body, place))
            yield f"{name}-with-fraction-zero", twin, (edit("replace", place, whole),)
        for label, value in VALUES["numbers"].items():
            patch = (edit("replace", place, value),)
            if not bodies.contract.prover.broken(patched(twin.body, patch)):
                yield f"{name}-{label}", twin, patch


def _unsettled_values(bodies: Bodies, twins: list[Case]) -> Iterator[_Edit]:
    """Put values that the contract admits, but no source confirms."""
    for assertion in bodies.contract.assertions:
        place = concrete(assertion.instance)
        twin = _having(twins, place) if assertion.keyword in _BOUNDS else None
        if twin is None:
            continue
        shapes = tuple(bodies.shapes_at(assertion.instance))
        values = assertion.value
        for value in values if isinstance(values, list) else [values]:
            if not admitted(shapes, value):
                patch = (edit("replace", place, value),)
                yield f"{_dotted(place)}-{value}", twin, patch


def _out_of_place(bodies: Bodies, twins: list[Case]) -> Iterator[_Edit]:
    """Put members beside others where that is unspecified."""
    members = bodies.contract.request.schema.get("properties", {})
    shown: set[str] = set()
    for shape in bodies.root:
        twin = next((each for each in twins if shape.admits(each.body)), None)
        for name, below in shape.members.items():
            if below or name in shown:
                continue
            if twin is not None and name in members:
                shown.add(name)
                beside = twin.id.split("/")[-1]
                with suppress(Unfit):
                    value = Builder().build(compile_schema(members[name]))
                    patch = (edit("add", (name,), value),)
                    yield f"{name}-beside-{beside}", twin, patch


def _having(twins: list[Case], place: Location) -> Case | None:
    """Return the first twin that has a location."""
    return next((each for each in twins if present(each.body, place)), None)


def _dotted(place: Location) -> str:
    return ".".join(map(str, place))


def spoilt(kind: str, good: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield bytes that are no JSON, or hardly, made of a body; by their labels."""
    parts = {b"<body>": good, b"<open>": good[:-1], b"<rest>": good[1:]}
    parts |= {b"<half>": good[: len(good) // 2], b"<single>": good.replace(b'"', b"'")}
    for label, repeated in VALUES[kind].items():
        made = "".join(text * times for text, times in repeated).encode("latin-1")
        yield label, re.sub(rb"<\w+>", lambda found: parts[found[0]], made)
