"""The valid bodies of the case list: plain, on every boundary, in every pair.

In: a contract. Out: sketches, each a valid body with the rule it serves and a label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringspec.spec import ITEM, Contract, Json, Location, RuleId
from ringspec.strategies.bodies import Bodies
from ringspec.strategies.boundary import edges
from ringspec.strategies.build import Builder, Exactly, Present, Unfit, Wish
from ringspec.strategies.case import encode
from ringspec.strategies.pairs import rows
from ringspec.strategies.shape import OTHERS
from ringspec.strategies.text import of_length

ACCEPTED = RuleId("body.accepted")
# A component that stands in more places than this is shown in all of them at once.
SHARED = 4
_STRAINED = frozenset({"format", "minLength", "maxLength"})


@dataclass(frozen=True, slots=True)
class Sketch:
    """A valid body, the rule it serves, and what is special in it."""

    rule: RuleId
    label: str
    body: Json
    # On the edge of what some targets take: not the first choice for a twin.
    strained: bool = False


def valid_sketches(bodies: Bodies, seed: int) -> list[Sketch]:
    """List the valid bodies, the plainest first, no two alike.

    Of two alike the one with the better attested rule is kept: it makes more twins.
    """
    found: dict[bytes, Sketch] = {}
    rules = bodies.contract.rules
    for sketch in _sketches(bodies, seed):
        # Texts of a form and lengths are only tried: what does not fit is left out.
        if not bodies.is_settled(sketch.body):
            continue
        known = found.setdefault(encode(sketch.body), sketch)
        if rules[sketch.rule].level.rank < rules[known.rule].level.rank:
            found[encode(sketch.body)] = sketch
    return list(found.values())


def _sketches(bodies: Bodies, seed: int) -> Iterator[Sketch]:
    yield Sketch(ACCEPTED, "plain", bodies.plain())
    yield from _boundaries(bodies)
    yield from _optional(bodies)
    yield from _texts(bodies)
    yield from _full(bodies, seed)
    yield from _rows(bodies, seed)


def _boundaries(bodies: Bodies) -> Iterator[Sketch]:
    shown: set[tuple[str, str]] = set()
    for assertion in bodies.contract.assertions:
        for label, wishes in edges(bodies, assertion):
            key = (assertion.rule, label)
            body = None if key in shown else bodies.plain(wishes)
            if body is not None:
                shown.add(key)
                strained = assertion.keyword in _STRAINED
                yield Sketch(assertion.rule, label, body, strained)


def _optional(bodies: Bodies) -> Iterator[Sketch]:
    """Show each optional member by itself, and all together that are well attested."""
    least = bodies.contract.level_of_use(bodies.plain())
    attested: dict[Location, Wish] = {}
    for place, members in optional_members(bodies.contract):
        for name in members:
            wishes: dict[Location, Wish] = {(*bodies.place(place), name): Present()}
            body = bodies.plain(wishes)
            if body is not None:
                label = ".".join((*place, name)).replace(".*", "")
                yield Sketch(ACCEPTED, f"with-{label}", body)
                if bodies.contract.level_of_use(body) == least:
                    attested |= wishes
    together = bodies.plain(attested)
    if together is not None and bodies.contract.level_of_use(together) == least:
        yield Sketch(ACCEPTED, "with-all-attested", together)


def optional_members(contract: Contract) -> list[tuple[tuple[str, ...], list[str]]]:
    """List optional members by the object they belong to, often shared ones aside."""
    origins = contract.request.origins
    standing: dict[str, int] = {}
    for place in origins.values():
        standing[place] = standing.get(place, 0) + 1
    found: list[tuple[tuple[str, ...], list[str]]] = []

    def walk(schema: Json, path: tuple[str, ...], instance: tuple[str, ...]) -> None:
        required = schema.get("required", ())
        members = schema.get("properties", {})
        optional = []
        for name, child in members.items():
            below = (*path, "properties", name)
            if standing.get(origins.get(below, ""), 0) > SHARED:
                continue
            if name not in required:
                optional.append(name)
            walk(child, below, (*instance, name))
        other = schema.get("additionalProperties")
        if isinstance(other, dict) and other:
            optional.append(OTHERS[0])
            walk(other, (*path, "additionalProperties"), (*instance, ITEM))
        if optional:
            found.append((instance, optional))
        if isinstance(schema.get("items"), dict):
            walk(schema["items"], (*path, "items"), (*instance, "*"))

    walk(contract.request.schema, (), ())
    return found


def _texts(bodies: Bodies) -> Iterator[Sketch]:
    """Show free text at the lengths that valid bodies keep to."""
    plain = bodies.plain()
    if not isinstance(plain, dict):
        return
    for name in plain:
        for length in (1, 100):
            free = [
                shape
                for shape in bodies.shapes_at((name,))
                if shape.kind == "string"
                and shape.choices() is None
                and shape.format is None
                and (shape.min_length, shape.max_length) == (1, 100)
            ]
            body = free and bodies.plain({(name,): Exactly(of_length(length))})
            if body:
                yield Sketch(ACCEPTED, f"{name}-of-{length}", body, strained=True)


def _rows(bodies: Bodies, seed: int) -> Iterator[Sketch]:
    """Show all pairs, with other texts and three items in each row."""
    for index, row in enumerate(rows(bodies.root, seed)):
        body = bodies.build(Builder(row, turn=index + 1 + seed, items=3))
        if body is not None:
            yield Sketch(ACCEPTED, f"pairs-{index + 1}", body)


def _full(bodies: Bodies, seed: int) -> Iterator[Sketch]:
    """Show every optional member at once, on the first path and on the last.

    Where a member has several branches, the last time another one than before.
    """
    first, last = bodies.root[0], bodies.root[-1]
    for label, shape, branch, items in (
        ("full", first, 0, 3),
        # Enough for a second item of each kind.
        ("full-last", last, 0, 6),
        ("full-other", last, 1, 3),
    ):
        try:
            builder = Builder(turn=seed + 1, items=items, full=True, branch=branch)
            body = builder.build((shape,))
        except Unfit:
            continue
        yield Sketch(ACCEPTED, label, body)
