"""Random walks through the life cycle: calls that are drawn, written as steps.

What nothing settles is left out, or is a step without which the walk ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import NamedTuple, Self

from ringspec.spec.links import Link
from ringspec.spec.rules import Level, RuleId, weakest
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
from ringspec.strategies.lifecycle.cases import (
    ACCEPTED,
    ANY,
    REFUSED,
    Lifecycle,
    one_of,
    shows,
)

# Number of a resource that was never created.
UNCREATED = 0
# A walk has no more steps than this, with the last reads of all that was created.
MAX_STEPS = 12
# Some more calls are drawn than steps are made: not each can be applied at once.
MAX_CALLS = MAX_STEPS + 4
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
    """One call of a walk."""

    kind: CallKind
    resource: int = UNCREATED  # its number, in the order of creation, or `UNCREATED`
    choice: int = 0  # index of the body that is sent, or of the command


class Claim(NamedTuple):
    """What one rule wants of an answer."""

    rule: RuleId
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class WalkStep:
    """A step of a walk."""

    step: Step  # what has to come out for the walk to go on
    due: Status  # the status that is due where the step is judged
    claims: tuple[Claim, ...]  # what else must hold then
    unsure: str  # short name of what the target may leave undone; empty if it must not
    binds: Level  # the level of the body that is sent
    call: int  # index of its call


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


@dataclass
class Resource:
    """State of one resource in the model."""

    number: int
    bodies: list[Case]  # those it has had, the current one last
    states: frozenset[str]  # those it may be in; none where that is not known
    heading: str = ""  # the state that the last command leads to
    kept: str = "readable"  # the rule by which it has its body
    moved: str = "state"  # the rule by which it is in its state
    exists: bool = True


@dataclass
class Walk:
    """Calls, written as steps by a model of what the target holds."""

    life: Lifecycle
    number: int = 1  # part of the ids of its cases
    idle: frozenset[str] = frozenset()  # what the target may leave undone, and does
    hasty: bool = False  # whether all has to show at once, which is quicker to judge
    calls: tuple[Call, ...] = ()  # those that were applied
    steps: tuple[WalkStep, ...] = ()
    resources: list[Resource] = field(default_factory=list)
    _looks: frozenset[Call] = frozenset()

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
        level = self.life.contract.rules[claim.rule].level
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

    def apply(self, call: Call) -> None:
        """Apply a call if its result is settled."""
        before = len(self.steps)
        # Two looks in a row see the same.
        if call.resource <= len(self.resources) and call not in self._looks:
            self._write(call)
        if len(self.steps) > before:
            in_vain = call.resource == UNCREATED and call.kind != CallKind.CREATE
            is_look = in_vain or call.kind == CallKind.READ
            self._looks = self._looks | {call} if is_look else frozenset()
            self.calls += (call,)

    def apply_all(self, calls: Iterable[Call]) -> Self:
        """Apply those of some calls that can be made, one after the other."""
        for call in calls:
            self.apply(call)
        return self

    @property
    def existing(self) -> list[Resource]:
        """The resources that were not deleted."""
        return [each for each in self.resources if each.exists]

    def _write(self, call: Call) -> None:
        life, kind, choice = self.life, call.kind, call.choice
        if kind in {CallKind.CREATE, CallKind.LIST}:
            return self._list() if kind == CallKind.LIST else self._create(choice)
        link, body = life.update, None
        if kind == CallKind.COMMAND:
            link = life.commands[choice]
        elif kind in {CallKind.READ, CallKind.DELETE}:
            link = life.read if kind == CallKind.READ else life.delete
        else:
            body = (life.differing if kind == CallKind.UPDATE else life.faults)[choice]
        if link is None:
            return None
        resource = self.resources[call.resource - 1] if call.resource else None
        suffix = f"-{call.resource}" if resource else None
        content = body.request.body if body else b""
        step = life.step(link, content=content, suffix=suffix)
        if resource is None or not resource.exists:
            self._in_vain(call, link, step)
        elif body and kind == CallKind.UPDATE:
            self._update(resource, body, choice, step, link)
        elif body:
            resource.kept = "update.refused"
            self._add(step, REFUSED, _claim("update.refused"), binds=body.level)
        elif kind == CallKind.DELETE:
            self._delete(resource, step)
        elif kind == CallKind.COMMAND:
            self._command(resource, link, step)
        else:
            self._look(resource)
        return None

    def _create(self, choice: int) -> None:
        case, unsure = self.life.differing[choice], f"create {choice}"
        if len(self.existing) >= MAX_RESOURCES or unsure in self.idle:
            return
        number = len(self.resources) + 1
        states = self.life.waiting if choice else self.life.first
        resource = Resource(number, [case], frozenset(states))
        others = [
            self.life.ids(What.DIFFERS, f"-{each.number}") for each in self.resources
        ]
        differs = (want for wants in zip(*others, strict=True) for want in wants)
        claims = (_claim("ids", *differs), *self._state(resource))
        self.resources.append(resource)
        # Whether a body is accepted is for other rules to say.
        step = self.life.create(case, f"-{number}")
        self._add(step, ANY, *claims, unsure=unsure, binds=case.level)

    def _look(self, resource: Resource, wanted: str = "") -> bool:
        """Read a resource; if need be, wait until it is in the state wanted."""
        read, suffix = self.life.read, f"-{resource.number}"
        unsure = f"look {wanted}" if wanted else ""
        if read is None or unsure in self.idle:
            return False
        *earlier, now = resource.bodies
        same = self.life.ids(What.IF_SHOWN, suffix, read)
        gone = self.life.replaced(earlier, now, read.answers.at)
        wants = (shows(now, read), *same, *gone)
        claims = (_claim(resource.kept, *wants), *self._state(resource))
        step = self.life.step(read, suffix=suffix)
        what = What.IF_SHOWN if self.hasty else What.ONE_OF
        waits = Want(what=what, at=read.state, value=[wanted]) if wanted else None
        return self._add(step, ACCEPTED, *claims, unsure=unsure, waits=waits)

    def _state(self, resource: Resource) -> list[Claim]:
        """Claim that a resource is in a state that it may be in."""
        read = self.life.read
        if read is None or not resource.states:
            return []
        want = one_of(read.state, *sorted(resource.states))
        # On its way to a state it is looked at until it is there.
        if self.hasty or not resource.heading:
            want = replace(want, what=What.IF_SHOWN)
        return [_claim(resource.moved, want)]

    def _list(self) -> None:
        if self.life.listing is None or not self.resources:
            return
        claims: dict[str, list[Want]] = {}
        for each in self.resources:
            # A deleted resource is gone, and no other is by its deletion.
            by = "deleted" if each.kept == "deleted" or not each.exists else "listed"
            what = What.HAS if each.exists else What.LACKS
            ids = self.life.ids(what, f"-{each.number}", self.life.listing)
            claims.setdefault(by, []).extend(ids)
        asked = [_claim(name, *claims[name]) for name in sorted(claims, reverse=True)]
        self._add(self.life.step(self.life.listing, suffix=None), ACCEPTED, *asked)

    def _update(
        self, resource: Resource, body: Case, choice: int, step: Step, link: Link
    ) -> None:
        sure = self._is_waiting(resource)
        unsure = "" if sure else f"update {' '.join(sorted(resource.states))}".strip()
        if {unsure, f"create {choice}"} & self.idle:
            return
        resource.bodies.append(body)
        resource.kept = "updated"
        if not sure:
            resource.states, resource.heading = frozenset(), ""
        elif choice:
            resource.states = frozenset(self.life.waiting)
        same = self.life.ids(What.IF_SHOWN, f"-{resource.number}", link)
        claim = _claim("updated", shows(body, link), *same)
        due = ACCEPTED if sure else _EITHER
        self._add(step, due, claim, unsure=unsure, binds=body.level)

    def _delete(self, resource: Resource, step: Step) -> None:
        sure = resource.states <= set(self.life.first)
        unsure = "" if sure else f"delete {' '.join(sorted(resource.states))}"
        if not self._is_waiting(resource) or unsure in self.idle:
            return
        resource.exists = False
        for other in self.existing:
            other.kept = "deleted"
        due = ACCEPTED if sure else _EITHER
        self._add(step, due, _claim("deleted"), unsure=unsure)

    def _command(self, resource: Resource, command: Link, step: Step) -> None:
        states = _states(resource, command)
        if not states or (
            states != resource.states and not self._look(resource, resource.heading)
        ):
            return
        if states <= {*command.refuses}:
            resource.moved = "transitions"
            self._add(step, REFUSED, _claim("transitions"))
            return
        resource.heading, resource.moved = command.leads_to, command.name
        resource.states = frozenset({resource.heading, *command.via})
        leads = one_of(command.state, *sorted(resource.states))
        claim = _claim(command.name, *([leads] if command.state else []))
        self._add(step, ACCEPTED, claim)

    def _in_vain(self, call: Call, link: Link, step: Step) -> None:
        """Call an operation on a resource that does not exist."""
        if not link.captures:
            return
        if step.request.body:
            # A body that is refused unread may be taken for another request.
            step = replace(step, request=closing(step.request))
        # A second deletion may be accepted: nothing exists afterwards, as wanted.
        again = call.resource != UNCREATED and call.kind == CallKind.DELETE
        name = "unknown" if call.resource == UNCREATED else "deleted"
        self._add(step, _EITHER if again else REFUSED, _claim(name))

    def _is_waiting(self, resource: Resource) -> bool:
        """Return whether nothing has begun, so that it can surely be changed."""
        known = bool(resource.states) or not self.life.first
        return known and resource.states <= set(self.life.waiting)

    def _add(
        self,
        step: Step,
        due: Status,
        *claims: Claim,
        unsure: str = "",
        binds: Level = Level.MUST,
        waits: Want | None = None,
    ) -> bool:
        """Add a step, if there are rules to judge it by."""
        asked = tuple(each for each in claims if each.rule in self.life.contract.rules)
        wants = tuple(want for each in asked for want in each.wants)
        step = replace(
            step, status=ACCEPTED if unsure else due, wants=(waits,) if waits else wants
        )
        if asked:
            self.steps += (WalkStep(step, due, asked, unsure, binds, len(self.calls)),)
        return bool(asked)


def _claim(name: str, *wants: Want) -> Claim:
    return Claim(RuleId(f"lifecycle.{name}"), wants)


def _states(resource: Resource, command: Link) -> frozenset[str]:
    """Return the states by which a command is settled; none where it is not.

    Where those that a resource may be in do not settle it, the one that it should reach
    by now may: it is looked at before.
    """
    for states in (resource.states, frozenset({resource.heading} - {""})):
        taken = command.leads_to and states <= {*command.comes_from}
        if states and (taken or states <= {*command.refuses}):
            return states
    return frozenset()


def drawn_calls(life: Lifecycle, random: Random) -> tuple[Call, ...]:
    """Draw calls: something is created first of all, and all is read at last.

    Nothing is sent before: what is due does not depend on answers.
    """
    # It takes several commands to come far, and what changes most is worth most looks.
    kinds = [
        (kind, choices)
        for kind, weight, choices in (
            (CallKind.CREATE, 1, len(life.differing)),
            (CallKind.READ, 1, 1 if life.read else 0),
            (CallKind.LIST, 1, 1 if life.listing else 0),
            (CallKind.UPDATE, 2, len(life.differing) if life.update else 0),
            (CallKind.SPOIL, 1, len(life.faults) if life.update else 0),
            (CallKind.DELETE, 2, 1 if life.delete else 0),
            (CallKind.COMMAND, 3, len(life.commands)),
        )
        for _ in range(weight if choices else 0)
    ]
    walk = Walk(life)
    for _ in range(random.choice((1, 1, 2, MAX_RESOURCES))):
        # For the plainest body most is settled.
        choice = random.choice((0, random.randrange(len(life.differing))))
        walk.apply(Call(CallKind.CREATE, choice=choice))
    for _ in range(MAX_CALLS if kinds else 0):
        kind, choices = random.choice(kinds)
        number = random.randint(1, len(walk.resources))
        choice = random.randrange(choices)
        if kind in {CallKind.CREATE, CallKind.LIST} or not random.randrange(12):
            number = UNCREATED
        elif kind == CallKind.COMMAND:
            # In most states the effect of few commands is settled.
            at, commands = walk.resources[number - 1], enumerate(life.commands)
            settled = [n for n, it in commands if at.exists and _states(at, it)]
            choice = random.choice(settled or [choice])
        # A call takes up to two steps, or one and another read at the end.
        if len(walk.steps) + len(walk.resources) + 2 <= MAX_STEPS:
            walk.apply(Call(kind, number, choice))
    # The deleted ones too.
    return walk.apply_all(Call(CallKind.READ, it.number) for it in walk.resources).calls
