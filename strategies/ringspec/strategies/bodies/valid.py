"""The valid bodies of the case list: plain, on every boundary, in pairs and triples.

A boundary of an assertion, one of its values or branches, is a wish for a body; the
body built from it serves the assertion's rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations, product
from math import inf, prod
from typing import Any, TypeAlias

import covertable
from covertable.sorters import hash as by_hash

from ringspec.spec.assertions import Assertion
from ringspec.spec.contract import Contract
from ringspec.spec.plain import matching
from ringspec.spec.rules import BODY_ACCEPTED, RuleId, weakest
from ringspec.spec.schemas import HOLDS, ITEM, walk
from ringspec.spec.values import Json, Location, Path, at, canonical, edit, patched
from ringspec.strategies.case import Case, Expect, Requests, encode
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import (
    ABSENT,
    ASTRAL,
    LONGEST,
    MOST_ITEMS,
    MOST_WIDE,
    PRESENT,
    Builder,
    Unfit,
    Wish,
    another,
    fitted,
    of_length,
    with_examples,
    within,
)
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.locations import NOTHING, instance_path, leaves, present
from ringspec.strategies.shapes.shape import (
    OTHERS,
    Alternatives,
    Shape,
    admitted,
    item_classes,
)

# Longer arrays are not filled with a bound.
_FILLED = 10
# A component in more places than this is shown in all of them at once.
_SHARED = 4
# Some targets refuse texts on these edges: their bodies are used last as twins.
_EDGE_KEYWORDS = frozenset({"format", "minLength", "maxLength"})

# Beyond this number of factors a covering array is slow.
MANY = 25
# A list of more values is long. If the two with most make more rows, few are paired.
_LISTED, _MOST_ROWS, _PAIRED = 40, 400, 12
# Of members with more values in all, no pairs are shown.
_MOST_WISHES = 600
# Most members that are shown in triples, and most values of each.
_DECIDING, _VALUES = 8, 4

# The rule that a body serves, a label, the body, and whether a text is on an edge.
_Made: TypeAlias = tuple[RuleId, str, Json, bool]
_Wishes: TypeAlias = "dict[Location, Wish]"
_Edges: TypeAlias = "Iterator[tuple[str, Wish | _Wishes]]"
# The instance paths that are shown; None for all.
_About: TypeAlias = set[Path] | None
# A factor and one of its wishes, by index.
_Value: TypeAlias = tuple[int, int]
# Of factors that restrict each other, the wishes that are allowed beside each other.
_Allowed: TypeAlias = dict[tuple[int, int], set[tuple[int, int]]]


def valid_cases(
    bodies: Bodies, assertions: list[Assertion], seed: int, *, only_new: bool = False
) -> list[tuple[Case, bool]]:
    """List the valid bodies, the plainest first, with whether a text is on an edge.

    Of equal bodies the one with the strongest rule is kept, to be a twin more often.
    They show the boundaries of some assertions; `only_new`, members and pairs too are
    shown only where these apply.
    """
    contract, rules = bodies.contract, bodies.contract.rules
    found: dict[bytes, tuple[Case, bool]] = {}
    about = {each.subject for each in assertions} if only_new else None
    for rule, label, body, is_edge in _bodies(bodies, assertions, seed, about):
        level, content = rules[rule].level, encode(body)
        known = found.get(content)
        if known and rules[known[0].rule].level.rank <= level.rank:
            continue
        # Texts of a form or length may not fit.
        if bodies.is_settled(body):
            prefix = "" if rule == BODY_ACCEPTED else "valid-"
            case = accepted_case(contract, rule, prefix + label, body)
            found[content] = case, is_edge
    return list(found.values())


def accepted_case(contract: Contract, rule: RuleId, name: str, body: Json) -> Case:
    """Return the case of a valid body, of the weakest level of what it uses."""
    least = weakest((contract.rules[rule].level, contract.level_of_use(body)))
    return Requests(contract).case(rule, name, Expect.ACCEPT, encode(body), level=least)


def _bodies(
    bodies: Bodies, assertions: list[Assertion], seed: int, about: _About
) -> Iterator[_Made]:
    yield BODY_ACCEPTED, "plain", bodies.plain(), False
    shown: set[tuple[str, str]] = set()
    for assertion in assertions:
        if assertion.keyword not in _EDGES:
            continue
        place = bodies.place(assertion.instance)
        shapes = bodies.shapes_at(assertion.instance)
        for label, wish in _EDGES[assertion.keyword](bodies, assertion, shapes):
            wishes = wish if isinstance(wish, dict) else {place: wish}
            key = (assertion.rule, label)
            body = None if key in shown else bodies.plain(wishes)
            if body is not None:
                shown.add(key)
                yield assertion.rule, label, body, assertion.keyword in _EDGE_KEYWORDS
    yield from _expressed(bodies, assertions)
    yield from _long_lists(bodies, assertions)
    yield from _optional(bodies, about)
    if about is None:
        yield from _texts(bodies)
    yield from _full(bodies, seed)
    # With other texts and three items in each row.
    for index, row in enumerate(_rows(bodies, seed, about)):
        builder = Builder(
            row, turn=index + 1 + seed, items=3, full=index % 2 == 0, branch=index
        )
        body = bodies.build(builder)
        if body is not None:
            yield BODY_ACCEPTED, f"pairs-{index + 1}", body, False


def _long_lists(bodies: Bodies, assertions: list[Assertion]) -> Iterator[_Made]:
    """Show each value of the long lists, in as few bodies as they can share."""
    long = {bodies.place(it.instance): it for it in assertions if _is_long(it)}
    for n in range(max((len(each.value) for each in long.values()), default=0)):
        left = {to: it for to, it in long.items() if n < len(it.value)}
        while left:
            wishes: _Wishes = {}
            for to, each in left.items():
                more = {**wishes, to: Wish(each.value[n])}
                wishes = more if bodies.plain(more) is not None else wishes
            to, each = next(iter(left.items()))
            if wishes:
                yield each.rule, f"{each.value[n]}", bodies.plain(wishes), False
            left = {k: it for k, it in left.items() if k not in {*wishes, to}}


def _expressed(bodies: Bodies, assertions: list[Assertion]) -> Iterator[_Made]:
    """Show expressions that just hold, by each change that can make them true."""
    held = bodies.contract.held
    for each in (it for it in assertions if held and it.keyword == HOLDS):
        shown = set[str]()
        for base in having(bodies, bodies.read_by(each)):
            yield each.rule, "kept", base, False
            for location in held.places(each, base) if held else ():
                for name, patch in bodies.changes(each, base, location, wanted=True):
                    made = patched(base, patch)
                    if "by-far" in name or name in shown:
                        continue
                    if bodies.contract.is_settled(made):
                        shown.add(name)
                        yield each.rule, name, made, False


def having(bodies: Bodies, instances: list[Path]) -> Iterator[Json]:
    """Yield plain bodies that have all of some members, each one of them, and none."""
    given: _Wishes = {}
    for each in instances:
        shapes = bodies.shapes_at(each)
        kept = tuple(it for it in shapes if it.kind != "null")
        is_any = len(kept) in {0, len(shapes)}
        given[bodies.place(each)] = PRESENT if is_any else Wish(shapes=kept)
    wanted = [given, *({place: wish} for place, wish in given.items()), {}]
    found = [bodies.plain(each) for each in (wanted if given else wanted[:1])]
    lists = any(ITEM in each for each in instances)
    for size in (3, 4) if lists else ():
        long = bodies.build(Builder(given, items=size))
        found += [] if long is None else [long, unlike(bodies, long)]
    yield from {canonical(each): each for each in found if each is not None}.values()


def unlike(bodies: Bodies, body: Json) -> Json:
    """Return a body whose lists have items that differ wherever they may."""
    for place, value in leaves(body):
        depth = max((n for n, it in enumerate(place) if isinstance(it, int)), default=0)
        before = range(int(place[depth])) if isinstance(place[depth], int) else ()
        around = [(*place[:depth], it, *place[depth + 1 :]) for it in before]
        others = [at(body, each) for each in around if present(body, each)]
        if value not in others:
            continue
        shapes = tuple(bodies.shapes_at(instance_path(place)))
        listed = (it for each in shapes for it in each.choices() or ())
        with suppress(Unfit):
            other = next((it for it in listed if it not in others), NOTHING)
            if other is NOTHING:
                other = another(shapes, value, others)
            made = patched(body, (edit("replace", place, other),))
            body = made if bodies.contract.is_settled(made) else body
    return body


def _is_long(assertion: Assertion) -> bool:
    is_list = assertion.keyword == "enum" and len(assertion.value) > _LISTED
    return is_list and ITEM not in assertion.instance


def _optional(bodies: Bodies, about: _About) -> Iterator[_Made]:
    """Show each optional member alone, and all of the strictest level together."""
    least = bodies.contract.level_of_use(bodies.plain())
    strict: _Wishes = {}
    for place, members in optional_members(bodies.contract):
        for name in members:
            if about is not None and (*place, name) not in about:
                continue
            wishes: _Wishes = {(*bodies.place(place), name): PRESENT}
            body = bodies.plain(wishes)
            if body is not None:
                label = ".".join((*place, name)).replace(f".{ITEM}", "")
                yield BODY_ACCEPTED, f"with-{label}", body, False
                if bodies.contract.level_of_use(body) == least:
                    strict |= wishes
    together = bodies.plain(strict)
    if together is not None and bodies.contract.level_of_use(together) == least:
        yield BODY_ACCEPTED, "with-all-attested", together, False


def optional_members(contract: Contract) -> list[tuple[tuple[str, ...], list[str]]]:
    """List optional members by the object they belong to, except often shared ones."""
    origins = contract.request.origins
    uses = Counter(origins.values())
    found: list[tuple[tuple[str, ...], list[str]]] = []

    def walk(schema: Json, path: tuple[str, ...], instance: tuple[str, ...]) -> None:
        required = schema.get("required", ())
        optional = []
        for name, child in schema.get("properties", {}).items():
            below = (*path, "properties", name)
            if uses[origins.get(below, "")] > _SHARED:
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
            walk(schema["items"], (*path, "items"), (*instance, ITEM))

    walk(contract.whole, (), ())
    return found


def _texts(bodies: Bodies) -> Iterator[_Made]:
    """Show free text at the lengths settled for valid bodies."""
    plain = bodies.plain()
    for name in plain if isinstance(plain, dict) else ():
        free = [it for it in bodies.shapes_at((name,)) if it.is_free_text]
        if any((it.min_size, it.max_size) == (1, 100) for it in free):
            for length in (1, 100):
                body = bodies.plain({(name,): Wish(of_length(length))})
                if body:
                    yield BODY_ACCEPTED, f"{name}-of-{length}", body, True


def _full(bodies: Bodies, seed: int) -> Iterator[_Made]:
    """Show every optional member at once, on the first path and on the last.

    A member of several branches takes another one the last time.
    """
    first, last = bodies.root[0], bodies.root[-1]
    for label, shape, branch, items in (
        ("full", first, 0, 3),
        # Enough for a second item of each kind.
        ("full-last", last, 0, 6),
        ("full-other", last, 1, 3),
    ):
        builder = Builder(turn=seed + 1, items=items, full=True, branch=branch)
        if (body := bodies.build(builder, (shape,))) is not None:
            yield BODY_ACCEPTED, label, body, False


def _types(_bodies: Bodies, assertion: Assertion, shapes: list[Shape]) -> _Edges:
    kinds = assertion.value
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds == ["boolean"]:
        yield from (("true", Wish(value=True)), ("false", Wish(value=False)))
    elif len(kinds) > 1:
        for kind in kinds:
            if any(each.kind == kind for each in shapes):
                yield kind, Wish(shapes=compile_schema({"type": kind}))
    # Several examples are distinct cases.
    for shape in shapes[:1]:
        if len(shape.examples) > 1 and shape.kind not in {"array", "object"}:
            for example in shape.examples:
                if shape.admits(example):
                    yield str(example), Wish(example)


def _values(bodies: Bodies, assertion: Assertion, _shapes: list[Shape]) -> _Edges:
    listed = assertion.value if assertion.keyword == "enum" else [assertion.value]
    if ITEM in assertion.instance and len(listed) > 1:
        # An array that can hold them all shows them all at once.
        array = bodies.place(assertion.instance[: assertion.instance.index(ITEM)])
        all_at_once: _Wishes = {array: Wish(items=len(listed))}
        if bodies.plain(all_at_once) is not None:
            yield "all", all_at_once
            return
    for value in () if _is_long(assertion) else listed:
        yield str(value), Wish(value)


def _numbers(bodies: Bodies, assertion: Assertion, shapes: list[Shape]) -> _Edges:
    """Put a bound in one place, and in each item of an array: they may repeat."""
    least = assertion.keyword in {"minimum", "exclusiveMinimum"}
    ends = [(shape, shape.low if least else shape.high) for shape in shapes]
    bounds = [within(s, end, least=least) for s, end in ends if abs(end) < inf]
    if not bounds:
        return
    value = min(bounds) if least else max(bounds)
    yield str(value), Wish(value)
    around = assertion.instance[:-1]
    if assertion.instance[-1:] == (ITEM,):
        sizes = [shape.max_size for shape in bodies.shapes_at(around)]
        most = max((int(size) for size in sizes if size < inf), default=0)
        if 1 < most <= _FILLED:
            place = bodies.place(around)
            yield f"all-{value}", {(*place, i): Wish(value) for i in range(most)}


def _lengths(bodies: Bodies, assertion: Assertion, shapes: list[Shape]) -> _Edges:
    for shape in shapes[:1]:
        is_least = assertion.keyword == "minLength"
        size = shape.min_size if is_least else shape.max_size
        if size > LONGEST:
            return
        length = int(size)
        examples = [each for each in shape.examples if isinstance(each, str)]
        tried = [fitted(each, length, length) for each in examples]
        text = next(filter(shape.admits, tried or [of_length(length)]), None)
        if text is None and shape.format is None and shape.own_patterns:
            text = matching(shape.own_patterns[0], length, length)
        if text is not None:
            yield f"{length}-characters", Wish(text)
        wide = ASTRAL * length
        is_counted = not is_least and length <= MOST_WIDE and shape.is_free_text
        if is_counted and not bodies.contract.catalogue.rules and shape.admits(wide):
            yield f"{length}-wide-characters", Wish(wide)


def _formats(_bodies: Bodies, assertion: Assertion, shapes: list[Shape]) -> _Edges:
    if assertion.value == "uuid":
        for shape in shapes[:1]:
            # RFC 9562, section 4: upper case is read as lower case.
            yield "upper-case", Wish(str(Builder().scalar(shape, ())).upper())


def _branches(bodies: Bodies, assertion: Assertion, _shapes: list[Shape]) -> _Edges:
    """Take each branch, alone if possible."""
    asked = [
        branch.get("required", []) if isinstance(branch, dict) else []
        for branch in assertion.value
    ]
    place = bodies.place(assertion.instance)
    if assertion.path in bodies.contract.chosen:
        yield f"branch-{bodies.contract.chosen[assertion.path]}", PRESENT
        return
    for index, (branch, names) in enumerate(zip(assertion.value, asked, strict=True)):
        label = "-".join(names) if names else f"branch-{index}"
        taken = Wish(shapes=compile_schema(with_examples(branch)))
        others = {name for each in asked for name in each if name not in names}
        alone: _Wishes = {place: taken}
        alone.update({(*place, name): ABSENT for name in sorted(others)})
        yield label, taken if bodies.plain(alone) is None else alone


def _counted(bodies: Bodies, assertion: Assertion, shapes: list[Shape]) -> _Edges:
    """Take all different items, three, and one uncounted."""
    place = bodies.place(assertion.instance)
    uncounted = Wish(shapes=negate(assertion.value))
    yield "without", {place: Wish(items=1), (*place, 0): uncounted}
    for shape in shapes[:1]:
        room = sum(each.most for each in item_classes(shape))
        if room < inf:
            yield "3-items", Wish(items=int(min(3, room)))
            yield "all", Wish(items=int(room))


def _sizes(_bodies: Bodies, assertion: Assertion, shapes: list[Shape]) -> _Edges:
    size = assertion.value
    if assertion.keyword == "minItems":
        size = max(size, min((shape.min_size for shape in shapes), default=0))
    if size <= MOST_ITEMS:
        yield f"{size}-items", Wish(items=size)


def _members(bodies: Bodies, assertion: Assertion, shapes: list[Shape]) -> _Edges:
    place = bodies.place(assertion.instance)
    if assertion.keyword == "required":
        yield "given", {(*place, assertion.value): PRESENT}
    else:
        for shape in shapes[:1]:
            names = [name for name, below in shape.members.items() if below]
            yield "all", {(*place, name): PRESENT for name in names}


_EDGES = {
    keyword: edges
    for edges, keywords in (
        (_types, "type"),
        (_values, "enum const"),
        (_numbers, "minimum exclusiveMinimum maximum exclusiveMaximum"),
        (_lengths, "minLength maxLength"),
        (_sizes, "minItems maxItems"),
        (_formats, "format"),
        (_branches, "anyOf oneOf"),
        (_counted, "contains"),
        (_members, "required additionalProperties"),
    )
    for keyword in keywords.split()
}


@dataclass(frozen=True, slots=True)
class Factor:
    """A place that varies, with its wishes."""

    place: Location
    wishes: tuple[Wish, ...]


def factors(shapes: Alternatives, place: Location = ()) -> list[Factor]:
    """List the factors of a body, in the contract's order."""
    found: list[Factor] = []
    for name in dict.fromkeys(name for shape in shapes for name in shape.members):
        below = (*place, name)
        children = [shape.members.get(name, ()) for shape in shapes]
        wishes = _wishes(children)
        required = [name in shape.required for shape in shapes]
        if not all(required):
            tied = all(name in s.required or not s.members.get(name) for s in shapes)
            if not tied or wishes != [PRESENT]:
                wishes.append(ABSENT)
        elif wishes == [PRESENT]:
            objects = (
                child
                for child in children
                if child and all(shape.kind == "object" for shape in child)
            )
            found += factors(next(objects, ()), below)
        if len(wishes) > 1:
            found.append(Factor(below, tuple(wishes)))
    return found


def _wishes(children: list[Alternatives]) -> list[Wish]:
    """List the wishes for a member: its values, else its branches, else presence."""
    values: dict[str, Wish] = {}
    others: list[Shape] = []
    for shape in (shape for child in children for shape in child):
        choices = shape.choices()
        if choices is None and shape not in others:
            others.append(shape)
        for value in choices or ():
            values.setdefault(canonical(value), Wish(value))
    wishes = list(values.values())
    # Arrays that differ only in length follow from another member.
    if len(others) > 1 and all(shape.kind == "object" for shape in others):
        wishes += [Wish(shapes=(shape,)) for shape in others]
    elif others:
        wishes.append(Wish(shapes=tuple(others)) if wishes else PRESENT)
    return wishes


def _deciding(bodies: Bodies, varying: list[Factor]) -> list[int]:
    """List the factors, by index, of documented members at the top that decide.

    They are required, asked about by a condition, or just there or not.
    """
    level_of = bodies.contract.level_of_use
    least = level_of(bodies.plain())
    top = (it for it in walk(bodies.contract.whole) if not it.instance)
    asked = [it.schema.get("properties", ()) for it in top if it.keyword == "if"]

    def decides(factor: Factor) -> bool:
        place, wishes = factor.place, factor.wishes
        values = [each.value for each in wishes if each.is_exact]
        chosen = ABSENT not in wishes or any(place[0] in each for each in asked)
        made = [bodies.plain({place: each}) for each in wishes if each != ABSENT]
        is_documented = any(b is not None and level_of(b) == least for b in made)
        is_short = len(place) == 1 and len(wishes) <= _VALUES
        return is_short and is_documented and (chosen or values in ([], [None]))

    return [i for i, each in enumerate(varying) if decides(each)][:_DECIDING]


def _rows(bodies: Bodies, seed: int, about: _About) -> list[dict[Location, Wish]]:
    """Return wishes that show each possible pair, and each triple of what decides.

    Of long lists a few values are paired. Of very many members, and of what is new in a
    further reading, each value is shown.
    """
    root = bodies.root
    varying = [
        each
        for each in factors(root)
        if about is None or instance_path(each.place) in about
    ]
    sizes = sorted(len(each.wishes) for each in varying)
    if prod(sizes[-2:]) > _MOST_ROWS:
        # Each with the first of many wishes, and the last, which may be for absence.
        most = _PAIRED - 1
        few = [(*each.wishes[:most], *each.wishes[most:][-1:]) for each in varying]
        varying = [
            Factor(each.place, it) for each, it in zip(varying, few, strict=True)
        ]
    if about is not None or sum(sizes) > _MOST_WISHES:
        turns = range(max((len(each.wishes) for each in varying), default=0))
        return [
            {each.place: each.wishes[n % len(each.wishes)] for each in varying}
            for n in turns
        ]
    if len(varying) < 2:
        return [{each.place: wish} for each in varying for wish in each.wishes]
    values = [list(range(len(each.wishes))) for each in varying]
    allowed: _Allowed = {}
    for (i, left), (j, right) in combinations(enumerate(varying), 2):
        if len(left.place) == len(right.place) == 1:
            pairs = set(product(values[i], values[j]))
            allowed[i, j] = {
                (a, b)
                for a, b in pairs
                if any(
                    _allows(shape, left, a) and _allows(shape, right, b)
                    for shape in root
                )
            }
            if allowed[i, j] == pairs:
                del allowed[i, j]

    def fits(i: int, j: int, row: Any) -> bool:
        return (row[i], row[j]) in allowed[i, j]

    made: Iterable[Any]
    if len(varying) > MANY:
        made = _greedy_rows(values, allowed, seed)
    else:
        deciding = _deciding(bodies, varying)
        sub_models = [{"fields": deciding, "strength": 3}] if deciding[2:] else []
        made = covertable.make(
            values,
            sorter=by_hash,
            salt=str(seed),
            # A lower tolerance takes longer, and gives fewer rows.
            tolerance=-1 if sub_models else 0,
            sub_models=sub_models,
            constraints=[
                {"operator": "fn", "requires": [i, j], "evaluate": partial(fits, i, j)}
                for i, j in allowed
            ],
        )
    return [
        {
            each.place: each.wishes[index]
            for each, index in zip(varying, row, strict=True)
        }
        for row in made
    ]


def _allows(shape: Shape, factor: Factor, index: int) -> bool:
    name, wish = str(factor.place[0]), factor.wishes[index]
    child = shape.members.get(name, ())
    if wish == ABSENT:
        return name not in shape.required
    return admitted(child, wish.value) if wish.is_exact else bool(child)


def _greedy_rows(
    factors: list[list[int]], allowed: _Allowed, seed: int
) -> Iterator[list[int]]:
    """Yield rows that show all pairs; quicker for many factors.

    A row takes, factor by factor, the value that shows most new pairs.
    """
    values = [[(i, a) for a in factor] for i, factor in enumerate(factors)]
    forbidden = {
        frozenset({(i, a), (j, b)})
        for (i, j), pairs in allowed.items()
        for a, b in product(factors[i], factors[j])
        if (a, b) not in pairs
    }
    restricted = frozenset().union(*forbidden)
    # By value, the values of other factors not yet shown beside it.
    lacking: dict[_Value, set[_Value]] = {
        value: {
            other
            for others in values
            for other in others
            if other[0] != value[0] and frozenset({value, other}) not in forbidden
        }
        for value in chain.from_iterable(values)
    }
    turn = seed
    while any(lacking.values()):
        start = max(lacking, key=lambda value: len(lacking[value]))
        partner = min(lacking[start])
        row = {start, partner}

        def fit(value: _Value, row: set[_Value] = row) -> tuple[int, int, int, int]:
            """Rank a value for a row: allowed, showing most pairs, lacking most."""
            clashes = 0
            if value in restricted:
                clashes = sum(frozenset({value, one}) in forbidden for one in row)
            shown = len(lacking[value] & row)
            return -clashes, shown, len(lacking[value]), -value[1]

        for k in range(len(values)):
            index = (k + turn) % len(values)
            if index not in (start[0], partner[0]):
                row.add(max(values[index], key=fit))
        for value in row:
            lacking[value] -= row
        yield [a for _, a in sorted(row)]
        turn += 1
