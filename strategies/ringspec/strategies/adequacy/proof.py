"""What a mutant that no case tells is: proven equivalent, unsettled, or neither.

In: a contract and a mutant. Out: a verdict with its reason. The contract and a mutant
differ only in bodies in which the changed keyword, as it was and as it is, disagree
somewhere. If the rest of the contract leaves no such body, the two are equivalent. If
there are some, but none is settled, no case may tell them: they are unsettled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from ringspec.spec import ITEM, Contract, Json
from ringspec.strategies.adequacy.mutations import Edit, Items, Mutant, When
from ringspec.strategies.adequacy.places import (
    Instance,
    instance_of,
    joined,
    opened,
    pruned,
    somewhere,
)
from ringspec.strategies.adequacy.witness import Witness
from ringspec.strategies.case import encode
from ringspec.strategies.shapes.locations import schema_at
from ringspec.strategies.shapes.shape import Alternatives, Shape, meet
from ringspec.strategies.shapes.superset import avoid, is_void, reach

_NOT_NULL = {"not": {"type": "null"}}


class Verdict(StrEnum):
    """What is known of a mutant."""

    TOLD = "told"
    EQUIVALENT = "equivalent"
    UNSETTLED = "unsettled"
    UNDECIDED = "undecided"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Decider:
    """Decides what mutants are that no case tells."""

    contract: Contract
    # Contexts of a rule ask for the same regions over and over; the edits are kept
    # with them so that their id stays their own.
    _known: dict[tuple[int, bool], tuple[Edit, Alternatives]] = field(
        default_factory=dict
    )
    _settled: dict[tuple[Instance, bool], Alternatives] = field(default_factory=dict)
    _valid_beyond: dict[str, bool] = field(default_factory=dict)
    _outside: dict[str, Alternatives] = field(default_factory=dict)

    def decide(self, mutant: Mutant) -> tuple[Verdict, str]:
        """Return the verdict on a mutant that no case tells, and why."""
        if mutant.when is not None and not self._is_settled_beyond(mutant.when):
            # No need to look at the rule: no settled body is of that kind.
            return Verdict.UNSETTLED, f"no valid body shows it {_beyond(mutant.when)}"
        laxer = [edit for edit in mutant.edits if self._more(mutant, edit)]
        stricter = [edit for edit in mutant.edits if self._less(mutant, edit)]
        if not laxer and not stricter:
            return Verdict.EQUIVALENT, _implied(mutant)
        if any(self._less(mutant, edit, settled=True) for edit in stricter):
            return self._open(mutant, "it may refuse a valid body")
        if any(self._settled_more(mutant, edit) for edit in laxer):
            return self._open(mutant, "it may take a body that breaks a rule")
        return Verdict.UNSETTLED, self._unsettled(mutant, laxer)

    def _unsettled(self, mutant: Mutant, laxer: list[Edit]) -> str:
        """Say why no case may tell a mutant."""
        if not laxer:
            return "no valid body is among those that it refuses"
        if not any(self._more(mutant, edit, _NOT_NULL) for edit in laxer):
            return "it differs only for null in place of nothing"
        return "what it takes holds something else unsettled"

    def _open(self, mutant: Mutant, doubt: str) -> tuple[Verdict, str]:
        """Return what a mutant is of which no proof was found: look for a body."""
        found = self._witness.find(mutant)
        if found is None:
            return Verdict.UNDECIDED, doubt
        return Verdict.UNTOLD, f"told by {encode(found).decode()}"

    @cached_property
    def _witness(self) -> Witness:
        return Witness(self.contract)

    def _more(self, mutant: Mutant, edit: Edit, narrower: Json = None) -> Alternatives:
        """Return a superset of what a mutant takes and the contract does not."""
        key = id(edit), narrower is not None
        if key not in self._known:
            self._known[key] = edit, self._difference(mutant, edit, narrower or {})
        found = self._known[key][1]
        if mutant.when is None or not found:
            return found
        return _live(meet(self._beyond(mutant.when), found))

    def _difference(self, mutant: Mutant, edit: Edit, narrower: Json) -> Alternatives:
        schema = self.contract.request.schema
        instance = instance_of(edit.path)
        for each in mutant.edits:
            schema = each.applied(schema)
        wrong = {"allOf": [edit.new, {"not": edit.old}, _counted(edit), narrower]}
        least = 2 if mutant.kept == Items.FIRST else 1
        there = somewhere(self.contract.request.schema, edit.path, wrong, least)
        return reach(joined(pruned(schema, instance), there))

    def _beyond(self, when: When) -> Alternatives:
        """Return a superset of the bodies for which a mutant is not as written."""
        if when.words not in self._outside:
            self._outside[when.words] = avoid(when.schema, ("object",))
        return self._outside[when.words]

    def _is_settled_beyond(self, when: When) -> bool:
        if when.words not in self._valid_beyond:
            around = reach(pruned(self.contract.settled, ("",)))
            beyond = self._beyond(when)
            self._valid_beyond[when.words] = any(
                touching(left, right) for left in beyond for right in around
            )
        return self._valid_beyond[when.words]

    def _less(
        self, mutant: Mutant, edit: Edit, *, settled: bool = False
    ) -> Alternatives:
        """Return a superset of what the contract admits and a mutant does not."""
        if mutant.when is not None or mutant.kept is not None or not edit.new:
            return ()  # then it only ever drops something
        contract = self.contract
        schema = contract.settled if settled else contract.request.schema
        refused = {"allOf": [edit.old, {"not": edit.new}, _counted(edit)]}
        there = somewhere(contract.request.schema, edit.path, refused)
        return reach(joined(pruned(schema, instance_of(edit.path)), there))

    def _settled_more(self, mutant: Mutant, edit: Edit) -> bool:
        """Tell whether a settled body, changed in one place, may be what differs."""
        narrower = None if self._must_stand(edit) else _NOT_NULL
        differing = self._more(mutant, edit, narrower)
        return any(
            touching(left, right)
            for place, missing in _places(edit)
            for left in self._around(place, mended=missing and self._alone(mutant))
            for right in differing
        )

    def _alone(self, mutant: Mutant) -> bool:
        """Tell whether a rule asks for a member and for nothing else."""
        owned = [a for a in self.contract.assertions if a.rule in mutant.rules]
        return all(each.keyword == "required" for each in owned)

    def _around(self, place: Instance, *, mended: bool) -> Alternatives:
        """Return a superset of settled bodies, with anything at a place.

        What is missing may be filled in by its default: then the body has to be valid,
        where it cannot break the same rule otherwise.
        """
        key = place, mended
        if key not in self._settled:
            schema = pruned(self.contract.settled, place)
            default = schema_at(self.contract.request.schema, place).get("default")
            if mended and default is not None:
                schema = joined(schema, _holding(place, default))
            self._settled[key] = opened(reach(schema), place)
        return self._settled[key]

    def _must_stand(self, edit: Edit) -> bool:
        """Tell whether null is a fault at a place, as the certifier has it."""
        instance = instance_of(edit.path)
        if not instance or instance[-1] == ITEM:
            return True
        return (instance[:-1], instance[-1]) in self._required

    @cached_property
    def _required(self) -> set[tuple[Instance, str]]:
        return {
            (each.instance, each.value)
            for each in self.contract.assertions
            if each.keyword == "required" and not {"then", "else"} & set(each.path)
        }


def _holding(place: Instance, value: Json) -> Json:
    """Return a schema of the bodies with a value at a place, where it is no item's."""
    wanted: Json = {"const": value}
    for step in reversed(place):
        if step == ITEM:
            return {}
        wanted = {"properties": {step: wanted}}
    return wanted


def _counted(edit: Edit) -> Json:
    """Say that an item is counted by just one of two `contains`, if both count."""
    old, new = edit.old.get("contains"), edit.new.get("contains")
    if old is None or new is None or old == new:
        return {}
    apart = [{"allOf": [old, {"not": new}]}, {"allOf": [new, {"not": old}]}]
    return {"contains": {"anyOf": apart}}


def _live(shapes: Alternatives) -> Alternatives:
    return tuple(shape for shape in shapes if not is_void(shape))


def touching(left: Shape, right: Shape) -> bool:
    """Tell whether something may fit both of two shapes.

    Of an object only the members that have to be there are looked at: others may be
    left out, and it is enough to say too often that something fits.
    """
    if left.kind != "object" or right.kind != "object":
        return bool(_live(meet((left,), (right,))))
    for name in left.required | right.required:
        one = left.members.get(name, () if left.closed else None)
        other = right.members.get(name, () if right.closed else None)
        if one is None or other is None:
            said = other if one is None else one
            common = said is None or bool(_live(said))
        else:
            common = any(touching(a, b) for a in one for b in other)
        if not common:
            return False
    return True


def _places(edit: Edit) -> Iterator[tuple[Instance, bool]]:
    """Yield the places in which a fault changes a body, and whether it empties them."""
    instance = instance_of(edit.path)
    kept = edit.new.get("required", ())
    names = [name for name in edit.old.get("required", ()) if name not in kept]
    if names:
        yield from (((*instance, name), True) for name in names)
    else:
        yield instance, False


def _beyond(when: When) -> str:
    """Say for which bodies a mutant is not as written."""
    if when.words.startswith("not "):
        return when.words.removeprefix("not ")
    return when.words.replace("only where", "except where", 1)


def _implied(mutant: Mutant) -> str:
    """Say why a mutant is equivalent."""
    edit = mutant.edits[0]
    where = ".".join(instance_of(edit.path)) or "the body"
    if mutant.kept is not None:
        return f"no body within the rest of the contract shows it in {where}"
    if mutant.when is not None:
        return "no body within the rest of the contract breaks the rule elsewhere"
    return f"no body within the rest of the contract differs in {where}"
