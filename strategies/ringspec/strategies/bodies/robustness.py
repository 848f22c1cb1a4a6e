"""What no source settles, and hostile bytes: a target answers them somehow, and lives.

In: a contract and its plain body. Out: sketches of bodies that are neither valid nor
invalid, and of bytes that are no JSON at all. They serve the rule of robustness alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringspec.spec import (
    ITEM,
    Json,
    Location,
    at,
    is_irregular,
    patched,
    pointer,
)
from ringspec.strategies.bodies.contexts import Twin
from ringspec.strategies.bodies.valid import optional_members
from ringspec.strategies.case import encode
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import Builder, Unfit
from ringspec.strategies.shapes.compile import compile_schema
from ringspec.strategies.shapes.locations import concrete, present

# Texts that have broken servers before.
HOSTILE = {
    "empty": "",
    "blank": " ",
    "255-characters": "x" * 255,
    "256-characters": "x" * 256,
    "10000-characters": "x" * 10_000,
    "nul": "before\u0000after",
    "control": "bell\u0007 escape\u001b[31m tab\t newline\n",
    "lone-surrogate": "half \ud83d of a pair",
    "percent": "100% %s %n %d %x %00",
    "quotes": "'; DROP TABLE broadcasts; --",
    "markup": "<script>alert(1)</script>&amp;",
    "template": "{{7*7}} ${7*7} #{7*7}",
    "path": "../../../../etc/passwd",
    "bidi": "abc\u202edef\u2066ghi",
    "beyond-the-bmp": "\U0001f469\u200d\U0001f467 \U00010348 \U0010ffff",
}
NUMBERS = {
    "beyond-32-bits": 2**31,
    "beyond-53-bits": 2**53 + 1,
    "beyond-64-bits": 2**64,
}


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Something sent that nobody promises anything about, and how it differs."""

    label: str
    content: bytes
    twin: Twin
    fault: tuple[Json, ...] | dict[str, Json]


def unsettled_sketches(bodies: Bodies, twins: list[Twin]) -> list[Unsettled]:
    """List what is sent to see the target live, no two alike."""
    found: dict[bytes, Unsettled] = {}
    for sketch in _sketches(bodies, twins):
        found.setdefault(sketch.content, sketch)
    return list(found.values())


def _sketches(bodies: Bodies, twins: list[Twin]) -> Iterator[Unsettled]:
    plain = twins[0]
    yield from _bytes(plain)
    yield from _texts(bodies, twins)
    for label, twin, patch in _edits(bodies, twins):
        body = patched(twin.body, patch)
        if _is_unsettled(bodies, body):
            yield Unsettled(label, encode(body), twin, patch)


_Patch = tuple[dict[str, Json], ...]
_Edit = tuple[str, Twin, _Patch]


def unsettled_edits(bodies: Bodies, twin: Twin) -> Iterator[tuple[str, _Patch]]:
    """Yield edits of one body that may leave open what it is, each with its name."""
    for label, _, patch in _edits(bodies, [twin]):
        yield label.removesuffix("-"), patch  # where the twin has no id
    for sketch in _texts(bodies, [twin]):
        if isinstance(sketch.fault, tuple):
            yield sketch.label, sketch.fault


def _is_unsettled(bodies: Bodies, body: Json) -> bool:
    """Tell whether a body is neither valid nor invalid, null for absent aside."""
    if is_irregular(body):
        return True
    return not bodies.contract.settled_prover.is_valid(body)


def _edits(bodies: Bodies, twins: list[Twin]) -> Iterator[_Edit]:
    plain = twins[0]
    if not isinstance(plain.body, dict):
        return
    yield "unknown-member", plain, _add(("ringspecUnknown",), value="text")
    yield "prototype-member", plain, _add(("__proto__",), value={"polluted": True})
    yield from _nulls(bodies, twins)
    yield from _numbers(bodies, twins)
    yield from _unsettled_values(bodies, twins)
    yield from _out_of_place(bodies, twins)


def _texts(bodies: Bodies, twins: list[Twin]) -> Iterator[Unsettled]:
    """Put hostile texts; of some it is plain that they are valid, but not to all.

    Once for the first free text alone, and once for all others together: whoever
    refuses an odd name never comes to read the rest.
    """
    plain = list(_free(bodies, (), twins[0].body))
    first = list(filter(lambda place: len(place) == 1, plain))[:1]
    if first:
        yield from _hostile(twins[0], str(first[0][0]), first)
    found = [(twin, list(_free(bodies, (), twin.body))) for twin in twins]
    # Where the plainest body has texts, there are some in every body of this kind.
    twin, places = max(
        (each for each in found if set(plain) <= set(each[1])),
        key=lambda each: len(each[1]),
    )
    others = [place for place in places if place not in first]
    if others:
        yield from _hostile(twin, "texts", others)


def _hostile(twin: Twin, name: str, places: list[Location]) -> Iterator[Unsettled]:
    for label, text in HOSTILE.items():
        patch = tuple(edit for place in places for edit in _replace(place, text))
        content = encode(patched(twin.body, patch))
        yield Unsettled(f"{name}-{label}", content, twin, patch)


def _free(bodies: Bodies, place: Location, value: Json) -> Iterator[Location]:
    """Yield where free text stands in a body."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _free(bodies, (*place, name), child)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _free(bodies, (*place, index), child)
    elif isinstance(value, str):
        instance = tuple(ITEM if isinstance(step, int) else step for step in place)
        if any(
            shape.kind == "string"
            and shape.choices() is None
            and shape.format is None
            and not shape.own_patterns
            for shape in bodies.shapes_at(instance)
        ):
            yield place


def _nulls(bodies: Bodies, twins: list[Twin]) -> Iterator[_Edit]:
    """Put null for optional members, where the contract does not name it."""
    for instance, names in optional_members(bodies.contract):
        for name in names:
            place = (*concrete(instance), name)
            twin = next((each for each in twins if present(each.body, place)), None)
            if twin is not None and len(place) == 1:  # deep ones are alike
                yield f"null-{'.'.join(map(str, place))}", twin, _replace(place, None)


def _numbers(bodies: Bodies, twins: list[Twin]) -> Iterator[_Edit]:
    """Put a whole number with a fraction of zero, and numbers of other sizes."""
    # The same member in several places is tried in the first.
    members = {each[-1]: each for each in reversed(_instances(bodies, "integer"))}
    for instance in reversed(members.values()):
        place = concrete(instance)
        twin = next((each for each in twins if present(each.body, place)), None)
        if twin is None or not isinstance(at(twin.body, place), int):
            continue
        name = ".".join(str(step) for step in place)
        if len(place) <= 2:
            whole = float(at(twin.body, place))
            yield f"{name}-with-fraction-zero", twin, _replace(place, whole)
        for label, value in NUMBERS.items():
            edit = _replace(place, value)
            if not bodies.contract.prover.broken(patched(twin.body, edit)):
                yield f"{name}-{label}", twin, edit


def _unsettled_values(bodies: Bodies, twins: list[Twin]) -> Iterator[_Edit]:
    """Put values that the contract admits and no source confirms."""
    for assertion in bodies.contract.assertions:
        if assertion.keyword not in {"enum", "minimum"}:
            continue
        place = concrete(assertion.instance)
        twin = next((each for each in twins if present(each.body, place)), None)
        values = assertion.value
        for value in values if isinstance(values, list) else [values]:
            shapes = bodies.shapes_at(assertion.instance)
            if twin is not None and not any(shape.admits(value) for shape in shapes):
                name = ".".join(str(step) for step in place)
                yield f"{name}-{value}", twin, _replace(place, value)


def _out_of_place(bodies: Bodies, twins: list[Twin]) -> Iterator[_Edit]:
    """Put members beside others with which they are not settled to stand."""
    members = bodies.contract.request.schema.get("properties", {})
    shown: set[str] = set()
    for shape in bodies.root:
        twin = next((each for each in twins if shape.admits(each.body)), None)
        for name, below in shape.members.items():
            if below or name in shown:
                continue
            if twin is not None and name in members:
                shown.add(name)
                try:
                    value = Builder().build(compile_schema(members[name]))
                except Unfit:
                    continue
                beside = twin.id.split("/")[-1]
                yield f"{name}-beside-{beside}", twin, _add((name,), value=value)


def _instances(bodies: Bodies, kind: str) -> list[tuple[str, ...]]:
    return [
        each.instance
        for each in bodies.contract.assertions
        if each.keyword == "type"
        and kind in each.value
        and each.instance.count(ITEM) <= 1
    ]


def _replace(place: Location, value: Json) -> tuple[dict[str, Json], ...]:
    return ({"op": "replace", "path": pointer(place), "value": value},)


def _add(place: Location, *, value: Json) -> tuple[dict[str, Json], ...]:
    return ({"op": "add", "path": pointer(place), "value": value},)


def _bytes(plain: Twin) -> Iterator[Unsettled]:
    """Send bytes that are no JSON, or hardly."""
    good = encode(plain.body)
    for label, content in {
        "no-bytes": b"",
        "cut-off": good[: len(good) // 2],
        "not-utf-8": good[:-1] + b',"x":"\xff\xfe"}',
        "byte-order-mark": b"\xef\xbb\xbf" + good,
        "trailing-comma": good[:-1] + b",}",
        "trailing-rubbish": good + b"}",
        "single-quotes": good.replace(b'"', b"'"),
        "nan": good[:-1] + b',"x":NaN}',
        "huge-number": good[:-1] + b',"x":1' + b"0" * 5000 + b"}",
        "huge-exponent": good[:-1] + b',"x":1e400}',
        "deep-arrays": b"[" * 2000 + b"]" * 2000,
        "deep-objects": good[:-1] + b',"x":' + b'{"x":' * 500 + b"1" + b"}" * 501,
        "nul-bytes": b"\x00" * 64,
        "two-bodies": good + good,
        "each-member-twice": good[:-1] + b"," + good[1:],
    }.items():
        yield Unsettled(label, content, plain, {"bytes": label})
