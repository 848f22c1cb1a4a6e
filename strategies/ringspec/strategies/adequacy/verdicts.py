"""What a case list says of every first-order mutation of its contract.

Validation by the one changed keyword shows which cases detect a mutation. Of the rest,
shapes show whether they differ from the contract at all, and in a settled body.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, islice, product

import jsonschema_rs

from ringspec.spec.contract import Contract
from ringspec.spec.rules import RuleId
from ringspec.spec.schemas import ITEM, keywords, types_of
from ringspec.spec.values import Json, Path, at_path, patched
from ringspec.strategies.adequacy.mutations import (
    FIRST,
    TOGETHER,
    BodyCondition,
    KeywordEdit,
    Mutation,
    mutations_of,
)
from ringspec.strategies.bodies.valid import having
from ringspec.strategies.case import Case, Expect, Phase, Request, encode
from ringspec.strategies.faults import faults_in
from ringspec.strategies.shapes.bodies import bodies_of, plain_case
from ringspec.strategies.shapes.build import (
    LONGEST,
    MOST_ITEMS,
    PRESENT,
    Builder,
    Unfit,
    Wish,
)
from ringspec.strategies.shapes.compile import avoid, live, negate, reach
from ringspec.strategies.shapes.locations import Reached, schema_at
from ringspec.strategies.shapes.shape import Alternatives, Shape, meet

# Keywords whose subschemas are worked out apart.
_APART = frozenset({"properties", "items", "allOf"})
_NOT_NULL = {"not": {"type": "null"}}
# How many alternatives are tried for a body that detects a mutation, and how many pairs
# of shapes are met at once.
_TRIED, _MOST_PAIRS = 8, 2000
# Most that is worked out for one contract: 300 millions take about a second. It counts
# what is done, so that the same mutations are left out on any machine.
MOST_WORK = 6_000_000_000
# Of a pair of shapes, if the length of its schema is not known.
_SIZE = 10_000
LEFT_OUT = "left out: no more is worked out for one operation"
_Validator = jsonschema_rs.Draft202012Validator


class MutationVerdict(StrEnum):
    """Verdict on a mutation."""

    TOLD = "told"
    EQUIVALENT = "equivalent"
    UNSETTLED = "unsettled"
    UNDECIDED = "undecided"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class MutationResult:
    """Verdict on one mutation."""

    mutation: Mutation
    verdict: MutationVerdict
    reason: str  # why no case detects it; empty where one does
    cases: tuple[str, ...]  # ids of the cases that detect it


def detecting_cases(
    contract: Contract, mutations: Iterable[Mutation], cases: Iterable[Case]
) -> dict[str, tuple[str, ...]]:
    """Return the ids of the cases that detect each mutation, by the mutation's id."""
    listed = tuple(cases)
    matrix = _CaseMatrix(contract, listed)
    return {
        each.id: tuple(listed[index].id for index in matrix.detecting(each))
        for each in mutations
    }


def quick(contract: Contract, cases: Iterable[Case]) -> tuple[str, ...]:
    """Return the ids of few cases that detect all that the whole list detects."""
    listed = tuple(cases)
    return fewest(detecting_cases(contract, mutations_of(contract), listed), listed)


def fewest(
    detecting: Mapping[str, tuple[str, ...]], cases: Iterable[Case]
) -> tuple[str, ...]:
    """Choose cases greedily, in the list's order, until all mutations are covered.

    Each comes with its twin: a refusal counts only if the twin was accepted in the same
    run. A twin that is not yet chosen costs a request of its own. Of cases of equal
    worth the first is taken.
    """
    listed = {case.id: case for case in cases}
    covers: dict[str, set[str]] = {}
    for mutation, names in detecting.items():
        for name in names:
            covers.setdefault(name, set()).add(mutation)
    order = {name: index for index, name in enumerate(listed)}
    left = {mutation for mutation, names in detecting.items() if names}
    chosen: set[str] = set()
    # The worth of a case only falls, so only that of the best is computed again.
    heap = [(-float(len(covers[name])), order[name], name) for name in covers]
    heapq.heapify(heap)
    while left:
        _, index, name = heapq.heappop(heap)
        cost = 1 + (listed[name].twin not in {None, *chosen})
        worth = -len(covers[name] & left) / cost
        if heap and (worth, index) > heap[0][:2]:
            if worth:
                heapq.heappush(heap, (worth, index, name))
            continue
        chosen.add(name)
        if (twin := listed[name].twin) is not None:
            chosen.add(twin)
            left -= covers.get(twin, set())
        left -= covers[name]
    return tuple(name for name in listed if name in chosen)


class _CaseMatrix:
    """Finds the cases that detect a mutation, by index."""

    def __init__(self, contract: Contract, cases: tuple[Case, ...]) -> None:
        self._contract = contract
        self._schema = contract.request.schema
        self.cases = cases
        own = contract.operation.method.upper(), contract.operation.path
        validator = _Validator(self._schema, validate_formats=True)
        # The rules that expressions say, and what others that they mask break beside.
        held = contract.held
        said = {it.rule for it in held.expressions} if held else set[RuleId]()
        self.beside: dict[RuleId, tuple[RuleId, ...]] = {}
        self._accepted: list[int] = []
        # Where in the schema each refused body is wrong, and the bodies that are first
        # wrong at or below a keyword of a subschema.
        self._refused: dict[int, list[Path]] = {}
        self._below: dict[tuple[Path, str], list[int]] = {}
        for index, case in enumerate(cases):
            if (
                case.phase != Phase.CASES
                or (case.request.method, case.request.path) != own
                or not (case.fault is None or isinstance(case.fault, tuple))
            ):
                continue  # something else than its body decides
            if case.expect == Expect.ACCEPT:
                self._accepted.append(index)
            elif case.coupled and said.intersection(case.broken):
                self.beside |= dict.fromkeys(case.broken, case.broken)
            elif case.expect == Expect.REJECT and case.broken:
                errors = validator.iter_errors(case.body)
                paths = [tuple(map(str, each.schema_path)) for each in errors]
                self._refused[index] = paths
                for cut, keyword in enumerate(paths[0] if paths else ()):
                    self._below.setdefault((paths[0][:cut], keyword), []).append(index)
        bodies = {it: cases[it].body for it in (*self._accepted, *self._refused)}
        self._reached = Reached(self._schema, bodies)
        self._dropped: dict[str, list[int]] = {}
        self._where: dict[str, frozenset[int]] = {}

    def detecting(self, mutation: Mutation) -> list[int]:
        if mutation.when is not None:
            return self._in_context(mutation, mutation.when)
        if mutation.holds:
            return list(self._telling(mutation.rules[0], mutation.holds))
        refusing: set[int] = set()
        for edit in mutation.edits:
            by_new, by_old = self._validator(edit, edit.new), None
            if mutation.kept:
                by_old = self._validator(edit, edit.old)
            for index, value, item in self._reached.by(edit.path):
                written = by_old and (item == 0) == (mutation.kept == FIRST)
                fits = by_old if by_old and written else by_new
                if index not in refusing and not fits.is_valid(value):
                    refusing.add(index)
        wrong = {
            index
            for edit in mutation.edits
            for keyword in edit.old
            for index in self._below.get((edit.path, keyword), ())
        }
        accepting = [
            index
            for index in sorted(wrong - refusing)
            if all(any(e.owns(p) for e in mutation.edits) for p in self._refused[index])
        ]
        return [*(each for each in self._accepted if each in refusing), *accepting]

    def _telling(self, rule: RuleId, text: str) -> Iterator[int]:
        """Yield the cases that a server answers otherwise that reads another text."""
        for index, case in enumerate(self.cases):
            if case.phase == Phase.CASES and not case.steps:
                is_broken = case.broken == (rule,)
                if (is_broken or case.expect == Expect.ACCEPT) and is_broken != unheld(
                    self._contract, rule, text, case.request, case.body
                ):
                    yield index

    def _in_context(self, mutation: Mutation, when: BodyCondition) -> list[int]:
        """Bodies for which the contract holds as written detect nothing."""
        rule = mutation.rules[0]
        if rule not in self._dropped:
            self._dropped[rule] = self.detecting(replace(mutation, when=None))
        if when.words not in self._where:
            is_valid = _Validator(when.schema).is_valid
            self._where[when.words] = frozenset(
                index
                for index in (*self._accepted, *self._refused)
                if is_valid(self.cases[index].body)
            )
        written = self._where[when.words]
        return [index for index in self._dropped[rule] if index not in written]

    def _validator(self, edit: KeywordEdit, keywords: dict[str, Json]) -> _Validator:
        """Return a validator of some keywords in place of those that are edited."""
        node, beside = at_path(self._schema, edit.path), dict[str, Json]()
        if any(name.startswith("unevaluated") for name in keywords):
            beside = {n: v for n, v in node.items() if n not in edit.old}
        elif "additionalProperties" in keywords:
            # These keep to it whatever they are.
            beside["properties"] = {name: {} for name in node.get("properties", ())}
        return _Validator({**beside, **keywords}, validate_formats=True)


def unheld(
    contract: Contract, rule: RuleId, text: str, request: Request, body: Json
) -> bool:
    """Return whether a request breaks the expression of a rule, with another text."""
    judged = contract.judged(request.path, request.headers, body)
    return any(held.reading(rule, text).breaks(value) for held, value in judged)


def prove(
    contract: Contract, mutations: Iterable[Mutation], cases: Iterable[Case]
) -> Iterator[MutationResult]:
    """Yield the result of each of some mutations of a contract, in order."""
    listed = tuple(cases)
    matrix, decider = _CaseMatrix(contract, listed), _Decider(contract)
    for each in mutations:
        names = tuple(listed[index].id for index in matrix.detecting(each))
        verdict, reason = MutationVerdict.TOLD, ""
        masked = matrix.beside.get(each.rules[0], ())
        if not names and masked and not each.holds:
            others = [it for it in masked if it != each.rules[0]]
            reason = f"what breaks it breaks {' and '.join(others)} too"
            verdict = MutationVerdict.UNSETTLED
        elif not names:
            decide = decider.of_expression if each.holds else decider.decide
            verdict, reason = decide(each)
        yield MutationResult(each, verdict, reason, names)


class Regions:
    """Supersets of what schemas admit; equal parts of schemas are worked out once."""

    def __init__(self) -> None:
        self._known: dict[str, Alternatives] = {}
        self.work = 0

    def of(self, schema: Json) -> Alternatives:
        """Return a superset of what a schema admits."""
        key = json.dumps(schema)
        if key not in self._known:
            found, parts = self._split(schema, len(key))
            for part in parts:
                found = self.both(found, part, len(key))
            self._known[key] = found
        return self._known[key]

    def some(self, schema: Json) -> Iterator[Shape]:
        """Yield the first few alternatives of a superset."""
        size = len(json.dumps(schema))
        return islice(self._through(*self._split(schema, size), size), _TRIED)

    def both(
        self, left: Alternatives, right: Alternatives, size: int = _SIZE
    ) -> Alternatives:
        """Return a superset of what fits both; of very many, what fits the first."""
        pairs = len(left) * len(right)
        if pairs > _MOST_PAIRS:
            return left
        self.work += pairs * size
        return live(meet(left, right, whole=True))

    def overlap(self, left: Alternatives, right: Alternatives) -> bool:
        """Return whether something may fit both; of very many it may."""
        return len(left) * len(right) > _MOST_PAIRS or any(
            self.both((one,), (it,)) for one in left for it in right
        )

    def _through(
        self, found: Alternatives, parts: list[Alternatives], size: int
    ) -> Iterator[Shape]:
        for shape in found:
            if not parts:
                yield shape
            elif self.work <= MOST_WORK:
                fitting = self.both((shape,), parts[0], size)
                yield from self._through(fitting, parts[1:], size)

    def _split(
        self, schema: Json, size: int
    ) -> tuple[Alternatives, list[Alternatives]]:
        """Return what a schema admits but for `allOf`, and what each part of that."""
        own, parts = schema, dict[str, Shape]()
        if isinstance(schema, dict):
            own = {name: it for name, it in schema.items() if name not in _APART}
            if "additionalProperties" in own and "properties" in schema:
                own["properties"] = dict.fromkeys(schema["properties"], True)
        if own == schema:
            self.work += size * size
            return reach(schema), []
        if "properties" in schema:
            members = {name: self.of(it) for name, it in schema["properties"].items()}
            parts["object"] = Shape(kind="object", members=members)
        if "items" in schema:
            parts["array"] = Shape(kind="array", items=self.of(schema["items"]))
        found = tuple(
            shape
            for each in self.of(own)
            for shape in self.both((parts.get(each.kind, each),), (each,), size)
        )
        return found, [self.of(each) for each in schema.get("allOf", ())]


class _Decider:
    """Decides on mutations that no case detects.

    Contexts of a rule have its edits, and differ in where they apply.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._written = contract.request.schema
        self._regions = Regions()
        self._differing: dict[tuple[int, bool], Alternatives] = {}
        self._doubtful: dict[int, Alternatives] = {}
        self._avoiding: dict[str, Alternatives] = {}
        self._settled: dict[tuple[Path, bool], Alternatives] = {}

    def decide(self, mutation: Mutation) -> tuple[MutationVerdict, str]:
        """Return the verdict on a mutation that no case detects, and the reason."""
        if self._regions.work > MOST_WORK:
            return MutationVerdict.UNDECIDED, LEFT_OUT
        when = mutation.when
        if when is not None and not self._shows(mutation, self._around(("",))):
            # The rule itself is of no interest: no settled body is of that kind.
            where = when.words.replace("only where", "except where", 1)
            reason = f"no valid body shows it {where.removeprefix('not ')}"
            return MutationVerdict.UNSETTLED, reason
        laxer = [
            edit
            for edit in mutation.edits
            if self._shows(mutation, self._more(mutation, edit))
        ]
        stricter = [
            edit for edit in mutation.edits if self._less(mutation, edit, self._written)
        ]
        if not laxer and not stricter:
            where = ".".join(instance_of(mutation.edits[0].path)).replace(ITEM, "*")
            where = where or "the body"
            what = "shows it" if mutation.kept else "differs"
            what = f"{what} in {where}" if when is None else "breaks the rule elsewhere"
            reason = f"no body within the rest of the contract {what}"
            return MutationVerdict.EQUIVALENT, reason
        doubt = ""
        if any(self._less(mutation, e, self._contract.settled) for e in stricter):
            doubt = "it may refuse a valid body"
        elif any(self._is_doubtful(mutation, edit) for edit in laxer):
            doubt = "it may take a body that breaks a rule"
        if doubt:
            return self._by_body(mutation, doubt)
        if not laxer:
            reason = "no valid body is among those that it refuses"
        elif not any(
            self._shows(mutation, self._more(mutation, edit, _NOT_NULL))
            for edit in laxer
        ):
            reason = "it differs only for null in place of nothing"
        else:
            reason = "what it takes holds something else unsettled"
        return MutationVerdict.UNSETTLED, reason

    def _by_body(self, mutation: Mutation, doubt: str) -> tuple[MutationVerdict, str]:
        """Return the verdict on a mutation that may differ for a settled body."""
        found = self._detecting_body(mutation)
        if found is not None:
            return MutationVerdict.UNTOLD, f"told by {encode(found).decode()}"
        if self._is_barred(mutation):
            return MutationVerdict.UNSETTLED, "what shows it breaks an expression"
        return MutationVerdict.UNDECIDED, doubt

    def of_expression(self, mutation: Mutation) -> tuple[MutationVerdict, str]:
        """Return the verdict on a changed expression that no case detects."""
        found: Json = None
        if mutation.when is None:
            found = self._judged_otherwise(mutation)
        elif not self._shows(mutation, self._around(("",))):
            return MutationVerdict.UNSETTLED, "no valid body shows it there"
        if found is not None:
            return MutationVerdict.UNTOLD, f"told by {encode(found).decode()}"
        return MutationVerdict.UNDECIDED, "no body is found that it judges otherwise"

    def _judged_otherwise(self, mutation: Mutation) -> Json:
        """Look for a body that an expression with another text judges otherwise."""
        contract, bodies = self._contract, bodies_of(self._contract)
        rule, request = mutation.rules[0], plain_case(contract).request
        for each in contract.held.expressions if contract.held else ():
            bases = having(bodies, bodies.read_by(each)) if each.rule == rule else ()
            for base, wanted in product(bases, (True, False)):
                for _, patch in bodies.changes(each, base, (), wanted=wanted):
                    body = patched(base, patch)
                    broken = contract.prover.broken(body)
                    other = unheld(contract, rule, mutation.holds, request, body)
                    if broken <= {rule} and bool(broken) != other:
                        return body
        return None

    def _is_barred(self, mutation: Mutation) -> bool:
        """Return whether all that is known to show a mutation breaks an expression."""
        contract, when = self._contract, mutation.when
        held, bodies = contract.held, bodies_of(contract)
        if held is None:
            return False
        said = {each.rule for each in held.expressions}
        shapes = negate(when.schema, ("object",)) if when else None
        for each in contract.assertions:
            if not any(edit.owns(each.path) for edit in mutation.edits):
                continue
            wishes = {bodies.place(each.subject): PRESENT}
            wishes |= {(): Wish(shapes=shapes)} if shapes else {}
            body = bodies.plain(wishes)
            faults = faults_in(bodies, each, body) if body is not None else ()
            for _, _, fault in faults:
                broken = contract.prover.broken(patched(body, fault.patch))
                if each.rule in broken and not said & broken:
                    return False
        return True

    def _shows(self, mutation: Mutation, found: Alternatives) -> bool:
        """Return whether a mutation may differ from the contract for some bodies."""
        when = mutation.when
        if when is None or not found:
            return bool(found)
        if when.words not in self._avoiding:
            self._avoiding[when.words] = avoid(when.schema, ("object",))
        return self._regions.overlap(self._avoiding[when.words], found)

    def _more(
        self, mutation: Mutation, edit: KeywordEdit, narrower: Json = None
    ) -> Alternatives:
        """Return a superset of what edits accept and the contract does not."""
        key = id(edit), narrower is not None
        if key not in self._differing:
            schema = self._written
            for each in mutation.edits:
                schema = each.applied(schema)
            wrong = {"not": edit.old}, _counted(edit), narrower or {}
            wanted = {"allOf": [edit.new, *wrong]}
            self._differing[key] = self._reach(schema, edit, wanted, mutation.least)
        return self._differing[key]

    def _less(
        self, mutation: Mutation, edit: KeywordEdit, schema: Json
    ) -> Alternatives:
        """Return a superset of what a schema admits and a mutation does not."""
        if mutation.when is not None or mutation.kept or not edit.new:
            return ()  # then it only ever drops something
        refused = {"allOf": [edit.old, {"not": edit.new}, _counted(edit)]}
        return self._reach(schema, edit, refused)

    def _reach(
        self, schema: Json, edit: KeywordEdit, wanted: Json, least: int = 1
    ) -> Alternatives:
        there = somewhere(self._written, edit.path, wanted, least)
        return self._regions.of(_joined(pruned(schema, instance_of(edit.path)), there))

    def _is_doubtful(self, mutation: Mutation, edit: KeywordEdit) -> bool:
        """Return whether a settled body, changed in one place, may be what differs."""
        if mutation.when is not None and id(edit) in self._doubtful:
            return self._shows(mutation, self._doubtful[id(edit)])
        place = instance_of(edit.path)
        # Elsewhere null may stand for nothing, and is no fault.
        must_stand = (
            place[-1:] in {(), (ITEM,)} or place in self._contract.always_required
        )
        differing = self._more(mutation, edit, None if must_stand else _NOT_NULL)
        kept = edit.new.get("required", ())
        names = [name for name in edit.old.get("required", ()) if name not in kept]
        # A missing member may be filled in, where the rule asks for nothing else.
        mended = bool(names) and all(
            each.keyword == "required"
            for each in self._contract.assertions
            if each.rule in mutation.rules
        )
        around = [
            opened(self._around(each, mended=mended), each)
            for each in ([(*place, name) for name in names] or [place])
        ]
        if mutation.when is None:
            return any(self._regions.overlap(it, differing) for it in around)
        both = (self._regions.both(differing, it) for it in around)
        self._doubtful[id(edit)] = tuple(chain.from_iterable(both))
        return self._shows(mutation, self._doubtful[id(edit)])

    def _around(self, place: Path, *, mended: bool = False) -> Alternatives:
        """Return a superset of settled bodies, with the most detail near a place.

        If mended, the body is valid with the default of the place filled in.
        """
        if (place, mended) not in self._settled:
            schema = pruned(self._contract.settled, place)
            default = schema_at(self._written, place).get("default")
            if mended and default is not None and ITEM not in place:
                filled: Json = {"const": default}
                for step in reversed(place):
                    filled = {"properties": {step: filled}}
                schema = _joined(schema, filled)
            self._settled[place, mended] = self._regions.of(schema)
        return self._settled[place, mended]

    def _detecting_body(self, mutation: Mutation) -> Json:
        """Build a settled body that detects a mutation, if one is quickly found.

        It is a body that the mutation refuses, or one that breaks just one rule and
        that the mutation accepts; None where none is found.
        """
        contract, schema = self._contract, mutation.schema(self._written)
        mutated = _Validator(schema, validate_formats=True)
        for shape in self._detecting(mutation):
            with suppress(Unfit):
                body = Builder().build((shape,))
                broken = contract.prover.broken(body)
                if mutated.is_valid(body):
                    if len(broken) == 1:
                        return body
                elif not broken and contract.settled_prover.is_valid(body):
                    return body
        return None

    def _detecting(self, mutation: Mutation) -> Iterator[Shape]:
        """Yield a few shapes of bodies that may detect a mutation."""
        settled = self._contract.settled
        unless = {} if mutation.when is None else {"not": mutation.when.schema}
        for edit in mutation.edits:
            wrong = {"allOf": [edit.new, {"not": edit.old}]}
            refused = {"allOf": [edit.old, {"not": edit.new}]}
            for base, wanted in ((edit.applied(settled), wrong), (settled, refused)):
                there = somewhere(settled, edit.path, wanted, mutation.least)
                few = self._regions.some(_joined(base, there, unless))
                yield from (shape for shape in few if not _is_long(shape))


def _is_long(shape: Shape) -> bool:
    """Return whether a value of a shape has more items or characters than is sent."""
    needed = [shape.members.get(name, ()) for name in shape.required]
    needed += [shape.items or ()] if shape.min_size else []
    most = MOST_ITEMS if shape.kind == "array" else LONGEST
    return shape.min_size > most or any(_is_long(it[0]) for it in needed if it)


def _counted(edit: KeywordEdit) -> Json:
    """Return a schema: an item is counted by just one of two `contains`, if any is."""
    old, new = edit.old.get("contains"), edit.new.get("contains")
    if old is None or new is None or old == new:
        return {}
    apart = [{"allOf": [old, {"not": new}]}, {"allOf": [new, {"not": old}]}]
    return {"contains": {"anyOf": apart}}


def instance_of(path: Path) -> Path:
    """Return where in a body a subschema applies."""
    return tuple(
        path[index + 1] if keyword == "properties" else ITEM
        for index, keyword in keywords(path)
        if keyword in {"properties", "items"}
    )


def somewhere(schema: Json, path: Path, wanted: Json, least: int = 1) -> Json:
    """Return a schema of the bodies in which `wanted` fits at some value of a path.

    `least` is how many items the innermost array on the way has.
    """
    for cut, keyword in reversed(list(keywords(path))):
        if keyword == "properties":
            name = path[cut + 1]
            members = {name: wanted}
            wanted = {"type": "object", "properties": members, "required": [name]}
        elif keyword == "additionalProperties":
            # What fits may be any of its members.
            wanted = {"type": "object", "minProperties": 1}
        elif keyword == "items":
            wanted = {"type": "array", "contains": wanted, "minItems": least}
            least = 1
        elif keyword in {"then", "else"}:
            condition = at_path(schema, (*path[:cut], "if"))
            taken = condition if keyword == "then" else {"not": condition}
            wanted = {"allOf": [taken, wanted]}
    return wanted


def _joined(schema: Json, *more: Json) -> Json:
    """Return a schema that says more, the new first: it leaves the least."""
    return {**schema, "allOf": [*more, *schema.get("allOf", ())]}


_DEEP = frozenset({"properties", "items", "allOf", "unevaluatedProperties"})
_PARTS = frozenset(
    {"properties", "items", "contains", "minContains", "maxContains"}
    | {"allOf", "anyOf", "oneOf", "if", "then", "else", "required"}
    | {"additionalProperties", "unevaluatedProperties"}
)


def pruned(schema: Json, instance: Path) -> Json:
    """Return a schema that says less: only what is near an instance path is kept.

    It admits all that the schema admits, and is quicker to compile.
    """
    if not isinstance(schema, dict):
        return schema
    step, rest = instance[:1], instance[1:]
    kept = {name: value for name, value in schema.items() if name not in _DEEP}
    if "properties" in schema:
        kept["properties"] = {
            name: pruned(child, rest) if (name,) == step else _shallow(child)
            for name, child in schema["properties"].items()
        }
    if "items" in schema and step in {(ITEM,), ()}:
        kept["items"] = pruned(schema["items"], rest)
    if step == (ITEM,) and "contains" in schema:
        # A count of the items says little of any one of them.
        kept = {name: kept[name] for name in kept if name not in TOGETHER["contains"]}
    if "allOf" in schema:
        kept["allOf"] = [pruned(each, instance) for each in schema["allOf"]]
    return kept


def _shallow(schema: Json) -> Json:
    """Return a schema without its keywords on parts of a value."""
    if not isinstance(schema, dict):
        return schema
    if {"object", "array"}.isdisjoint(types_of(schema, ["object"])):
        return schema
    return {name: value for name, value in schema.items() if name not in _PARTS}


def opened(shapes: Alternatives, place: Path) -> Alternatives:
    """Let anything stand at a place, or nothing, where something may stand there."""
    if not place:
        return reach(True)  # noqa: FBT003 - it is a schema
    found: list[Shape] = []
    step, rest = place[0], place[1:]
    for shape in shapes:
        if step == ITEM and shape.kind == "array":
            items = (*(shape.items or ()), *opened(shape.items or (), rest))
            if shape.items is None:
                items = reach(True)  # noqa: FBT003 - as above
            found.append(replace(shape, items=items, contained=(), unique=False))
        elif shape.kind == "object" and step != ITEM:
            inside = shape.members.get(step)
            if inside is None or not live(inside):
                continue
            required = shape.required if rest else shape.required - {step}
            members = {**shape.members, step: opened(inside, rest)}
            found.append(replace(shape, members=members, required=required))
    return tuple(found)
