"""What a case list says of every first-order mutation of its contract.

The contract and a mutation differ only in bodies in which the edited keyword, as it was
and as it is, disagrees somewhere. If the rest of the contract leaves no such body, the
two are equivalent. If there are some, but none is settled, no case may detect the
mutation: it is unsettled. Otherwise a body that detects it is built, if one is quickly
found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import jsonschema_rs

from ringspec.spec import ITEM, Contract, Json, Path, at_path
from ringspec.strategies.adequacy.matrix import detecting_cases
from ringspec.strategies.adequacy.mutations import (
    TOGETHER,
    BodyCondition,
    KeywordEdit,
    Mutation,
    mutations_of,
    split,
)
from ringspec.strategies.case import Case, encode
from ringspec.strategies.shapes.build import Builder, Unfit
from ringspec.strategies.shapes.compile import avoid, is_void, reach
from ringspec.strategies.shapes.locations import schema_at
from ringspec.strategies.shapes.shape import Alternatives, Shape, meet

# Steps into a body: names of members, and `ITEM` for any item.
Instance = tuple[str, ...]
_NOT_NULL = {"not": {"type": "null"}}
# How many alternatives are tried for a body that detects a mutation.
_TRIED = 8


class MutationVerdict(StrEnum):
    """Verdict on a mutation."""

    TOLD = "told"
    EQUIVALENT = "equivalent"
    UNSETTLED = "unsettled"
    UNDECIDED = "undecided"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationResult:
    """Verdict on one mutation.

    Attributes:
        reason: why no case detects it; empty where one does.
        cases: ids of the cases that detect it.
    """

    mutation: Mutation
    verdict: MutationVerdict
    reason: str
    cases: tuple[str, ...]


def prove(
    contract: Contract,
    cases: Iterable[Case],
    *,
    chosen: Callable[[Mutation], bool] = lambda _: True,
) -> Iterator[MutationResult]:
    """Yield the result of each mutation of a contract that is chosen, in order."""
    listed = [each for each in mutations_of(contract) if chosen(each)]
    detecting = detecting_cases(contract, listed, cases)
    decider = _Decider(contract)
    for each in listed:
        names, told = detecting[each.id], (MutationVerdict.TOLD, "")
        verdict, reason = told if names else decider.decide(each)
        yield MutationResult(mutation=each, verdict=verdict, reason=reason, cases=names)


class _Decider:
    """Decides on mutations that no case detects."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._written = contract.request.schema
        # Contexts of a rule ask for the same shapes over and over.
        self._known: dict[tuple[object, ...], Alternatives] = {}
        self._required = {
            (*each.instance, each.value)
            for each in contract.assertions
            if each.keyword == "required" and not {"then", "else"} & set(each.path)
        }

    def decide(self, mutation: Mutation) -> tuple[MutationVerdict, str]:
        """Return the verdict on a mutation that no case detects, and the reason."""
        if mutation.when is not None and not self._is_settled_beyond(mutation.when):
            # The rule itself is of no interest: no settled body is of that kind.
            where = mutation.when.words.replace("only where", "except where", 1)
            reason = f"no valid body shows it {where.removeprefix('not ')}"
            return MutationVerdict.UNSETTLED, reason
        laxer = [edit for edit in mutation.edits if self._more(mutation, edit)]
        stricter = [edit for edit in mutation.edits if self._less(mutation, edit)]
        if not laxer and not stricter:
            return MutationVerdict.EQUIVALENT, _equivalence(mutation)
        doubt = ""
        if any(self._less(mutation, edit, settled=True) for edit in stricter):
            doubt = "it may refuse a valid body"
        elif any(self._settled_more(mutation, edit) for edit in laxer):
            doubt = "it may take a body that breaks a rule"
        if doubt:
            found = _detecting_body(self._contract, mutation)
            if found is None:
                return MutationVerdict.UNDECIDED, doubt
            return MutationVerdict.UNTOLD, f"told by {encode(found).decode()}"
        if not laxer:
            reason = "no valid body is among those that it refuses"
        elif not any(self._more(mutation, edit, _NOT_NULL) for edit in laxer):
            reason = "it differs only for null in place of nothing"
        else:
            reason = "what it takes holds something else unsettled"
        return MutationVerdict.UNSETTLED, reason

    def _memo(
        self, key: tuple[object, ...], make: Callable[[], Alternatives]
    ) -> Alternatives:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _more(
        self, mutation: Mutation, edit: KeywordEdit, narrower: Json = None
    ) -> Alternatives:
        """Return a superset of what a mutation accepts and the contract does not."""

        def difference() -> Alternatives:
            schema = self._written
            for each in mutation.edits:
                schema = each.applied(schema)
            wrong = {"not": edit.old}, _counted(edit), narrower or {}
            wanted = {"allOf": [edit.new, *wrong]}
            return self._reach(schema, edit, wanted, mutation.least)

        found = self._memo((id(edit), narrower is not None), difference)
        if mutation.when is None or not found:
            return found
        return _live(meet(self._beyond(mutation.when), found))

    def _reach(
        self, schema: Json, edit: KeywordEdit, wanted: Json, least: int = 1
    ) -> Alternatives:
        there = somewhere(self._written, edit.path, wanted, least)
        return reach(_joined(pruned(schema, instance_of(edit.path)), there))

    def _beyond(self, when: BodyCondition) -> Alternatives:
        """Return a superset of the bodies for which a mutation is not as written."""
        key = "beyond", when.words
        return self._memo(key, lambda: avoid(when.schema, ("object",)))

    def _is_settled_beyond(self, when: BodyCondition) -> bool:
        def around() -> Alternatives:
            return reach(pruned(self._contract.settled, ("",)))

        return overlap(self._beyond(when), self._memo(("settled",), around))

    def _less(
        self, mutation: Mutation, edit: KeywordEdit, *, settled: bool = False
    ) -> Alternatives:
        """Return a superset of what the contract admits and a mutation does not."""
        if mutation.when is not None or mutation.kept is not None or not edit.new:
            return ()  # then it only ever drops something
        schema = self._contract.settled if settled else self._written
        refused = {"allOf": [edit.old, {"not": edit.new}, _counted(edit)]}
        return self._reach(schema, edit, refused)

    def _settled_more(self, mutation: Mutation, edit: KeywordEdit) -> bool:
        """Return whether a settled body, changed in one place, may be what differs."""
        place = instance_of(edit.path)
        # Elsewhere null may stand for nothing, and is no fault.
        must_stand = place[-1:] in {(), (ITEM,)} or place in self._required
        differing = self._more(mutation, edit, None if must_stand else _NOT_NULL)
        kept = edit.new.get("required", ())
        names = [name for name in edit.old.get("required", ()) if name not in kept]
        # A missing member may be filled in, where the rule asks for nothing else.
        mended = bool(names) and all(
            each.keyword == "required"
            for each in self._contract.assertions
            if each.rule in mutation.rules
        )
        places = [(*place, name) for name in names] or [place]
        return any(
            overlap(self._around(each, mended=mended), differing) for each in places
        )

    def _around(self, place: Instance, *, mended: bool) -> Alternatives:
        """Return a superset of settled bodies, with anything at a place.

        If mended, the body is valid with the default of the place filled in.
        """

        def around() -> Alternatives:
            schema = pruned(self._contract.settled, place)
            default = schema_at(self._written, place).get("default")
            if mended and default is not None:
                schema = _joined(schema, _holding(place, default))
            return opened(reach(schema), place)

        return self._memo(("around", place, mended), around)


def _holding(place: Instance, value: Json) -> Json:
    """Return a schema of the bodies with a value at a place, where it is no item's."""
    wanted: Json = {"const": value}
    for step in reversed(place):
        if step == ITEM:
            return {}
        wanted = {"properties": {step: wanted}}
    return wanted


def _counted(edit: KeywordEdit) -> Json:
    """Return a schema: an item is counted by just one of two `contains`, if any is."""
    old, new = edit.old.get("contains"), edit.new.get("contains")
    if old is None or new is None or old == new:
        return {}
    apart = [{"allOf": [old, {"not": new}]}, {"allOf": [new, {"not": old}]}]
    return {"contains": {"anyOf": apart}}


def _live(shapes: Alternatives) -> Alternatives:
    return tuple(shape for shape in shapes if not is_void(shape))


def overlap(left: Alternatives, right: Alternatives) -> bool:
    """Return whether something may fit both of two sets of alternatives.

    Of an object only its required members are compared: others may be left out, and
    True is the safe answer.
    """
    return any(_overlaps(one, other) for one in left for other in right)


def _overlaps(left: Shape, right: Shape) -> bool:
    if left.kind != "object" or right.kind != "object":
        return bool(_live(meet((left,), (right,))))
    for name in left.required | right.required:
        one = left.members.get(name, () if left.closed else None)
        other = right.members.get(name, () if right.closed else None)
        if one is None or other is None:
            stated = other if one is None else one
            common = stated is None or bool(_live(stated))
        else:
            common = overlap(one, other)
        if not common:
            return False
    return True


def _equivalence(mutation: Mutation) -> str:
    where = ".".join(instance_of(mutation.edits[0].path)) or "the body"
    if mutation.kept is not None:
        return f"no body within the rest of the contract shows it in {where}"
    if mutation.when is not None:
        return "no body within the rest of the contract breaks the rule elsewhere"
    return f"no body within the rest of the contract differs in {where}"


def _detecting_body(contract: Contract, mutation: Mutation) -> Json:
    """Build a settled body that detects a mutation, if one is quickly found.

    It is a body that the mutation refuses, or one that breaks just one rule and that
    the mutation accepts; None where none is found.
    """
    schema = mutation.schema(contract.request.schema)
    mutated = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for shape in _candidates(contract.settled, mutation):
        try:
            body = Builder().build((shape,))
        except Unfit:
            continue
        broken = contract.prover.broken(body)
        if mutated.is_valid(body):
            if len(broken) == 1:
                return body
        elif not broken and contract.settled_prover.is_valid(body):
            return body
    return None


def _candidates(settled: Json, mutation: Mutation) -> Iterator[Shape]:
    unless = {} if mutation.when is None else {"not": mutation.when.schema}
    for edit in mutation.edits:
        wrong = {"allOf": [edit.new, {"not": edit.old}]}
        refused = {"allOf": [edit.old, {"not": edit.new}]}
        for base, wanted in ((edit.applied(settled), wrong), (settled, refused)):
            there = somewhere(settled, edit.path, wanted, mutation.least)
            yield from reach(_joined(base, there, unless))[:_TRIED]


def instance_of(path: Path) -> Instance:
    """Return where in a body a subschema applies."""
    found: list[str] = []
    for step in split(path):
        if step[0] == "properties":
            found.append(step[1])
        elif step[0] in {"items", "prefixItems"}:
            found.append(ITEM)
    return tuple(found)


def somewhere(schema: Json, path: Path, wanted: Json, least: int = 1) -> Json:
    """Return a schema of the bodies in which `wanted` fits at some value of a path.

    `least` is how many items the innermost array on the way has.
    """
    end = len(path)
    for step in reversed(list(split(path))):
        keyword, name = step[0], step[-1]
        end -= len(step)
        if keyword == "properties":
            members = {name: wanted}
            wanted = {"type": "object", "properties": members, "required": [name]}
        elif keyword in {"items", "prefixItems"}:
            wanted = {"type": "array", "contains": wanted, "minItems": least}
            least = 1
        elif keyword == "dependentSchemas":
            wanted = {"allOf": [{"type": "object", "required": [name]}, wanted]}
        elif keyword in {"then", "else"}:
            condition = at_path(schema, (*path[:end], "if"))
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


def pruned(schema: Json, instance: Instance) -> Json:
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
    stated = schema.get("type", "object")
    types = {stated} if isinstance(stated, str) else set(stated)
    if not types & {"object", "array"}:
        return schema
    return {name: value for name, value in schema.items() if name not in _PARTS}


def opened(shapes: Alternatives, place: Instance) -> Alternatives:
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
            if inside is None or not _live(inside):
                continue
            required = shape.required if rest else shape.required - {step}
            members = {**shape.members, step: opened(inside, rest)}
            found.append(replace(shape, members=members, required=required))
    return tuple(found)
