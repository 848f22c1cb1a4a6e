"""Random walks through the life cycle, and the model of what each step must show.

In: calls of operations. Out: walks: calls written as steps, each with what the rules of
the life cycle claim of its answer. The model knows of each resource whether it exists,
its body, and the states it may be in. What nothing settles is left out, or is a step
without which the walk ends and no rule fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from ringspec.spec import Contract, Level, Link, RuleId, weakest
from ringspec.spec import pointer as pointer_to
from ringspec.strategies.case import (
    Case,
    Expect,
    Phase,
    Status,
    Step,
    Want,
    What,
    closing,
)
from ringspec.strategies.lifecycle.steps import (
    ACCEPTED,
    ANY,
    REFUSED,
    Lifecycle,
    members,
    shows,
)

# Number of a resource that was never created.
UNCREATED = 0
# A walk has no more steps than this, with the last reads of all that was created.
MAX_STEPS = 12
# So many resources exist at once.
MAX_RESOURCES = 3
_EITHER: Status = ("2xx", "4xx")

_UNKNOWN = RuleId("lifecycle.unknown")


class CallKind(StrEnum):
    """Kind of a call."""

    CREATE = "create"
    READ = "read"
    LIST = "list"
    UPDATE = "update"
    SPOIL = "spoil"  # an update that breaks a rule
    DELETE = "delete"
    COMMAND = "command"


class Call(NamedTuple):
    """One call of a walk.

    Attributes:
        resource: its number, in the order of creation, or `UNCREATED`.
        choice: index of the body that is sent, or of the command.
    """

    kind: CallKind
    resource: int = UNCREATED
    choice: int = 0

    @property
    def is_look(self) -> bool:
        """Whether it changes nothing, whatever the answer."""
        in_vain = self.resource == UNCREATED and self.kind != CallKind.CREATE
        return in_vain or self.kind in {CallKind.READ, CallKind.LIST}


class Claim(NamedTuple):
    """What one rule wants of an answer."""

    rule: RuleId
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkStep:
    """A step of a walk.

    Attributes:
        step: what has to come out for the walk to go on.
        due: the status that is due where the step is judged.
        claims: what else must hold then.
        unsure: short name of what the target may leave undone; empty if it must not.
        binds: the level of the body that is sent.
        call: index of its call.
    """

    step: Step
    due: Status
    claims: tuple[Claim, ...]
    unsure: str = ""
    binds: Level = Level.MUST
    call: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Calls, written as steps.

    Attributes:
        number: part of the ids of its cases.
        hasty: whether all has to show at once, without waiting.
    """

    contract: Contract
    number: int
    calls: tuple[Call, ...]
    steps: tuple[WalkStep, ...]
    hasty: bool = False

    def upto(self, end: int) -> Walk:
        """Return the walk up to a step."""
        steps = self.steps[:end]
        last = steps[-1].call if steps else -1
        return replace(self, calls=self.calls[: last + 1], steps=steps)

    def whole(self) -> Case:
        """Return the case in which all claims on the last step are judged."""
        claims = self.steps[-1].claims
        wants = tuple(want for claim in claims for want in claim.wants)
        return self.case(claims[0]._replace(wants=wants))

    def case(self, claim: Claim) -> Case:
        """Return the case in which one claim on the last step is judged."""
        last = self.steps[-1]
        judged = replace(last.step, status=last.due, wants=claim.wants)
        steps = (*(each.step for each in self.steps[:-1]), judged)
        level = self.contract.rules[claim.rule].level
        return Case(
            id=f"explore/{claim.rule}-walk-{self.number}",
            rule=claim.rule,
            level=weakest((level, *(each.binds for each in self.steps))),
            expect=Expect.REJECT if claim.rule == _UNKNOWN else Expect.ACCEPT,
            status=last.due,
            request=steps[0].request,
            phase=Phase.EXPLORE,
            steps=steps,
        )


def without(calls: tuple[Call, ...], index: int) -> tuple[Call, ...]:
    """Leave a call out, and with a create all calls on what it creates."""
    left = calls[:index] + calls[index + 1 :]
    if calls[index].kind != CallKind.CREATE:
        return left
    number = sum(call.kind == CallKind.CREATE for call in calls[: index + 1])
    return tuple(
        call._replace(resource=call.resource - (call.resource > number))
        for call in left
        if call.resource != number
    )


def write_walk(
    life: Lifecycle,
    calls: Iterable[Call],
    number: int = 1,
    *,
    idle: frozenset[str] = frozenset(),
    hasty: bool = False,
) -> Walk:
    """Write those of some calls that can be made, one after the other."""
    model = Model(life, idle, hasty)
    for call in calls:
        model.apply(call)
    return Walk(
        contract=life.contract,
        number=number,
        calls=tuple(model.calls),
        steps=tuple(model.steps),
        hasty=hasty,
    )


@dataclass
class Resource:
    """State of one resource in the model.

    Attributes:
        bodies: those it has had, the current one last.
        states: those it may be in; none where that is not known.
        heading: the state that the last command leads to.
        kept: the rule by which it has its body.
        moved: the rule by which it is in its state.
    """

    number: int
    bodies: list[Case]
    states: frozenset[str]
    heading: str = ""
    kept: str = "readable"
    moved: str = "state"
    exists: bool = True


@dataclass
class Model:
    """Model of a target: applies calls, and writes their steps.

    Attributes:
        idle: what the target may leave undone, and does.
        hasty: whether all has to show at once, which is quicker to judge.
        calls: those that were applied.
    """

    life: Lifecycle
    idle: frozenset[str] = frozenset()
    hasty: bool = False
    calls: list[Call] = field(default_factory=list)
    steps: list[WalkStep] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    _looks: set[Call] = field(default_factory=set)

    def apply(self, call: Call) -> bool:
        """Apply a call if its result is settled; return whether it was applied."""
        if call.resource > len(self.resources) or call in self._looks:
            return False
        write: Callable[[Call], list[WalkStep]] = getattr(self, f"_{call.kind}")
        steps = write(call)
        if steps:
            # Two looks in a row see the same.
            self._looks = {*self._looks, call} if call.is_look else set()
            self.steps += (replace(each, call=len(self.calls)) for each in steps)
            self.calls.append(call)
        return bool(steps)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another call and the last reads."""
        # A call takes up to two steps, or one and another read at the end.
        return len(self.steps) + len(self.resources) + 2 > MAX_STEPS

    def close(self) -> None:
        """Read all resources at last, the deleted ones too."""
        for resource in self.resources:
            self.apply(Call(CallKind.READ, resource.number))

    @property
    def existing(self) -> list[Resource]:
        """The resources that were not deleted."""
        return [each for each in self.resources if each.exists]

    def settled(self, number: int) -> list[int]:
        """List the commands whose effect on a resource is settled."""
        resource = self._existing(number)
        commands = enumerate(self.life.commands)
        return [n for n, each in commands if resource and _states(resource, each)]

    def _existing(self, number: int) -> Resource | None:
        found = self.resources[number - 1] if number else None
        return found if found and found.exists else None

    def _create(self, call: Call) -> list[WalkStep]:
        case, unsure = self.life.differing[call.choice], f"create {call.choice}"
        if len(self.existing) >= MAX_RESOURCES or unsure in self.idle:
            return []
        number = len(self.resources) + 1
        states = self.life.waiting if call.choice else self.life.first
        resource = Resource(number=number, bodies=[case], states=frozenset(states))
        others = [
            self.life.ids(What.DIFFERS, f"-{each.number}") for each in self.resources
        ]
        differs = (want for wants in zip(*others, strict=True) for want in wants)
        step = self.life.create(case, f"-{number}")
        claims = (_claim("ids", *differs), *self._state(resource))
        self.resources.append(resource)
        # Whether a body is accepted is for other rules to say.
        return self._steps(step, ANY, claims, unsure=unsure, binds=case.level)

    def _read(self, call: Call) -> list[WalkStep]:
        resource = self._existing(call.resource)
        return self._look(resource) if resource else self._in_vain(self.life.read, call)

    def _look(self, resource: Resource, wanted: str = "") -> list[WalkStep]:
        """Read a resource; if need be, wait until it is in the state wanted."""
        read = self.life.read
        unsure = f"look {wanted}" if wanted else ""
        if read is None or unsure in self.idle:
            return []
        same = self.life.same_id(f"-{resource.number}")
        wants = (shows(resource.bodies[-1]), *same, *self._replaced(resource))
        claims = (_claim(resource.kept, *wants), *self._state(resource))
        step = self._step(read, resource.number)
        found = self._steps(step, ACCEPTED, claims, unsure=unsure)
        what = What.IF_SHOWN if self.hasty else What.ONE_OF
        waits = Want(what=what, at=read.state, value=[wanted])
        return [
            replace(each, step=replace(each.step, wants=(waits,))) if wanted else each
            for each in found
        ]

    def _state(self, resource: Resource) -> list[Claim]:
        """Claim that a resource is in a state that it may be in."""
        read = self.life.read
        if read is None or not resource.states:
            return []
        # On its way to a state it is looked at until it is there.
        waits = resource.heading and not self.hasty
        what = What.ONE_OF if waits else What.IF_SHOWN
        want = Want(what=what, at=read.state, value=sorted(resource.states))
        return [_claim(resource.moved, want)]

    def _replaced(self, resource: Resource) -> list[Want]:
        """Want that nothing is left of earlier bodies."""
        *earlier, now = (each.body for each in resource.bodies)
        found: dict[str, Want] = {}
        for name, value in (each for body in earlier for each in members(body)):
            if name not in now and not self.life.is_default(name, value):
                at = pointer_to((name,))
                found[f"{name}={value}"] = Want(what=What.DIFFERS, at=at, value=value)
        return list(found.values())

    def _list(self, _call: Call) -> list[WalkStep]:
        if self.life.listing is None or not self.resources:
            return []
        claims: dict[str, list[Want]] = {}
        for each in self.resources:
            # A deleted resource is gone, and no other is by its deletion.
            by = "deleted" if each.kept == "deleted" or not each.exists else "listed"
            what = What.HAS if each.exists else What.LACKS
            claims.setdefault(by, []).extend(self.life.ids(what, f"-{each.number}"))
        asked = [_claim(name, *claims[name]) for name in sorted(claims, reverse=True)]
        return self._steps(self._step(self.life.listing), ACCEPTED, asked)

    def _update(self, call: Call) -> list[WalkStep]:
        update, case = self.life.update, self.life.differing[call.choice]
        resource = self._existing(call.resource)
        if resource is None or update is None:
            return self._in_vain(update, call, case.request.body)
        sure = self._is_waiting(resource)
        unsure = "" if sure else f"update {' '.join(sorted(resource.states))}".strip()
        if {unsure, f"create {call.choice}"} & self.idle:
            return []
        resource.bodies.append(case)
        resource.kept = "updated"
        if not sure:
            resource.states, resource.heading = frozenset(), ""
        elif call.choice:
            resource.states = frozenset(self.life.waiting)
        same = self.life.same_id(f"-{resource.number}")
        step = self._step(update, resource.number, case.request.body)
        due, claims = (
            ACCEPTED if sure else _EITHER,
            [_claim("updated", shows(case), *same)],
        )
        return self._steps(step, due, claims, unsure=unsure, binds=case.level)

    def _spoil(self, call: Call) -> list[WalkStep]:
        update, case = self.life.update, self.life.faults[call.choice]
        resource = self._existing(call.resource)
        if resource is None or update is None:
            return self._in_vain(update, call, case.request.body)
        resource.kept = "update.refused"
        step = self._step(update, resource.number, case.request.body)
        return self._steps(step, REFUSED, [_claim("update.refused")], binds=case.level)

    def _delete(self, call: Call) -> list[WalkStep]:
        delete, resource = self.life.delete, self._existing(call.resource)
        if resource is None or delete is None:
            return self._in_vain(delete, call)
        sure = resource.states <= set(self.life.first)
        unsure = "" if sure else f"delete {' '.join(sorted(resource.states))}"
        if not self._is_waiting(resource) or unsure in self.idle:
            return []
        resource.exists = False
        for other in self.existing:
            other.kept = "deleted"
        step, due = self._step(delete, resource.number), ACCEPTED if sure else _EITHER
        return self._steps(step, due, [_claim("deleted")], unsure=unsure)

    def _command(self, call: Call) -> list[WalkStep]:
        command = self.life.commands[call.choice]
        resource = self._existing(call.resource)
        if resource is None:
            return self._in_vain(command, call)
        states, before = _states(resource, command), list[WalkStep]()
        if states and states != resource.states:
            before = self._look(resource, resource.heading)
        if not states or (states != resource.states and not before):
            return []
        step = self._step(command, resource.number)
        if _is_refused(command, states):
            resource.moved = "transitions"
            return [*before, *self._steps(step, REFUSED, [_claim("transitions")])]
        resource.heading, resource.moved = command.transition.to, command.name
        resource.states = frozenset({resource.heading, *command.transition.via})
        value = sorted(resource.states)
        leads = Want(what=What.ONE_OF, at=command.state, value=value)
        claim = _claim(command.name, *((leads,) if command.state else ()))
        return [*before, *self._steps(step, ACCEPTED, [claim])]

    def _in_vain(
        self, link: Link | None, call: Call, content: bytes = b""
    ) -> list[WalkStep]:
        """Call an operation, if it is offered, on a resource that does not exist."""
        if link is None or not link.captures:
            return []
        step = self._step(link, call.resource or None, content)
        # What is refused at once may leave its body to be taken for another request.
        step = replace(step, request=closing(step.request)) if content else step
        if call.resource == UNCREATED:
            return self._steps(step, REFUSED, [_claim("unknown")])
        # A second deletion may be accepted: nothing exists afterwards, as wanted.
        due = _EITHER if call.kind == CallKind.DELETE else REFUSED
        return self._steps(step, due, [_claim("deleted")])

    def _is_waiting(self, resource: Resource) -> bool:
        """Return whether nothing has begun, so that it can surely be changed."""
        known = bool(resource.states) or not self.life.first
        return known and resource.states <= set(self.life.waiting)

    def _step(
        self, link: Link, number: int | None = None, content: bytes = b""
    ) -> Step:
        """Return the step of an operation on a resource, with nothing wanted of it."""
        suffix = None if number is None else f"-{number}"
        return self.life.step(link, content=content, suffix=suffix)

    def _steps(
        self,
        step: Step,
        due: Status,
        claims: Iterable[Claim],
        *,
        unsure: str = "",
        binds: Level = Level.MUST,
    ) -> list[WalkStep]:
        """Write one step, if there are rules to judge it by."""
        asked = tuple(each for each in claims if each.rule in self.life.contract.rules)
        wants = tuple(want for each in asked for want in each.wants)
        status = ACCEPTED if unsure else due
        step = replace(step, status=status, wants=wants)
        made = WalkStep(step=step, due=due, claims=asked, unsure=unsure, binds=binds)
        return [made] if asked else []


def _claim(name: str, *wants: Want) -> Claim:
    return Claim(RuleId(f"lifecycle.{name}"), wants)


def _states(resource: Resource, command: Link) -> frozenset[str]:
    """Return the states by which a command is settled; none where it is not.

    Where those that a resource may be in do not settle it, the one that it should reach
    by now may: it is looked at before.
    """
    for states in (resource.states, frozenset({resource.heading} - {""})):
        taken = (
            states
            and command.transition.to
            and states <= {*command.transition.comes_from}
        )
        if taken or _is_refused(command, states):
            return states
    return frozenset()


def _is_refused(command: Link, states: frozenset[str]) -> bool:
    """Return whether a command is surely refused in any of some states."""
    return bool(states) and states <= {*command.transition.refuses}
