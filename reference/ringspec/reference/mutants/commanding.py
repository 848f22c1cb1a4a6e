"""Mutants that lie about states, and about commands and ids that lead nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import RefusedError, Reply, envelope
from ringspec.reference.lifecycle import (
    CANCELED,
    DRAFT,
    PAUSED,
    SCHEDULED,
    STARTED,
    TRANSITIONS,
    Transition,
)
from ringspec.reference.mutants.defects import Mutant, only, together
from ringspec.reference.mutants.disguises import losing, showing, showing_at
from ringspec.reference.mutants.keeping import doing, id_of, keeping
from ringspec.reference.store import Broadcast, Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ringspec.reference.behaviour import Behaviour, Operation
    from ringspec.reference.mutants.defects import Defect
    from ringspec.reference.values import JsonObject

_ONE = ("get", "update", "delete", *TRANSITIONS)


def _moving(command: str, change: Callable[[Transition], Transition]) -> Defect:
    """Do a command otherwise."""

    def apply(behaviour: Behaviour) -> Behaviour:
        changed = change(behaviour.transitions[command])
        return replace(
            behaviour, transitions={**behaviour.transitions, command: changed}
        )

    return apply


def _leading_to(state: str) -> Callable[[Transition], Transition]:
    return lambda transition: replace(transition, target=state)


def _answering(state: str) -> Callable[[Transition], Transition]:
    return lambda transition: replace(transition, answered=state)


def _allowed_in(*states: str) -> Callable[[Transition], Transition]:
    return lambda transition: replace(
        transition, sources=transition.sources | {*states}
    )


def _allowed_only_in(states: frozenset[str]) -> Callable[[Transition], Transition]:
    return lambda transition: replace(transition, sources=states)


def _always(state: str) -> Callable[[JsonObject], str]:
    return lambda _body: state


def _without_effect(operation: Operation, store: Store) -> Operation:
    """Answer a command as if it were done."""

    async def respond(request: Request) -> Reply:
        before = store.find(id_of(request))
        reply = await operation(request)
        if before is not None:
            store.restore(before)
        return reply

    return respond


def _nameless(operation: Operation, _store: Store) -> Operation:
    """Answer a command without saying of what."""

    async def respond(request: Request) -> Reply:
        reply = await operation(request)
        return replace(reply, body=losing("broadcastId")(reply.body))

    return respond


def _another(reply: Reply) -> Callable[..., Operation]:
    """Answer otherwise what is asked of an id that nobody created."""

    def around(operation: Operation, _store: Store) -> Operation:
        async def respond(request: Request) -> Reply:
            try:
                return await operation(request)
            except RefusedError as error:
                if error.reply.status == 404:
                    raise RefusedError(reply) from error
                raise

        return respond

    return around


def _upserting(operation: Operation, store: Store) -> Operation:
    """Create what an update does not find."""

    async def respond(request: Request) -> Reply:
        if store.find(id_of(request)) is None:
            made = store.made({}, 0)
            store.restore(replace(made, broadcast_id=id_of(request)))
        return await operation(request)

    return respond


def _idle(operation: Operation, _store: Store) -> Operation:
    """Answer a command that the state does not allow as if it were done."""

    async def respond(request: Request) -> Reply:
        try:
            return await operation(request)
        except RefusedError as error:
            if error.reply.status != 409:
                raise
            return Reply(200, {"broadcastId": id_of(request), "state": "starting"})

    return respond


def _born(state: Callable[[JsonObject], str]) -> Defect:
    """Begin in another state."""

    class Nursery(Store):
        """Has its own idea of a first state."""

        def made(self, body: JsonObject, size: int) -> Broadcast:
            return replace(Store.made(self, body, size), state=state(body))

    return keeping(Nursery)


# Where a command leads: name, command, target and what comes of it in words.
_ASTRAY = (
    ("start-leads-to-paused", "start", PAUSED),
    ("start-leads-to-scheduled", "start", SCHEDULED),
    ("pause-leads-to-canceled", "pause", CANCELED),
    ("pause-leads-to-draft", "pause", DRAFT),
    ("resume-leads-to-draft", "resume", DRAFT),
    ("resume-leads-to-canceled", "resume", CANCELED),
    ("cancel-leads-to-draft", "cancel", DRAFT),
    ("cancel-leads-to-paused", "cancel", PAUSED),
)
# What a command answers: name, command, state.
_MISTOLD = (
    ("start-answers-canceled", "start", "canceled"),
    ("pause-answers-started", "pause", "started"),
    ("resume-answers-pausing", "resume", "pausing"),
    ("cancel-answers-started", "cancel", "started"),
)
# Where a command is refused, or let pass, though it should not be.
_REFUSED = (
    ("start-of-draft-refused", "start", frozenset({SCHEDULED})),
    ("start-of-scheduled-refused", "start", frozenset({DRAFT})),
    ("pause-refused", "pause", frozenset({PAUSED})),
    ("resume-refused", "resume", frozenset({DRAFT})),
    ("cancel-of-started-refused", "cancel", frozenset({PAUSED})),
    ("cancel-of-paused-refused", "cancel", frozenset({STARTED})),
)
_ALLOWED = (
    ("pause-of-draft-allowed", "pause", DRAFT),
    ("resume-of-draft-allowed", "resume", DRAFT),
    ("start-of-canceled-allowed", "start", CANCELED),
    ("pause-of-canceled-allowed", "pause", CANCELED),
    ("resume-of-canceled-allowed", "resume", CANCELED),
)

_EMPTY = Reply(200, {})
_NONE = Reply(204)


def _found(status: int) -> Reply:
    return envelope(status, "There is no such broadcast.")


# What is answered to an id that nobody created: name, rule, operations, answer.
_UNKNOWN = (
    ("get-of-unknown-is-200", "lifecycle.unknown", ("get",), _EMPTY),
    ("get-of-unknown-is-204", "lifecycle.unknown", ("get",), _NONE),
    ("update-of-unknown-is-200", "lifecycle.unknown", ("update",), _EMPTY),
    ("delete-of-unknown-is-204", "lifecycle.unknown", ("delete",), _NONE),
    *(
        (f"{command}-of-unknown-is-200", "lifecycle.unknown", (command,), _EMPTY)
        for command in TRANSITIONS
    ),
    ("crash-on-unknown-id", "robustness", _ONE, _found(500)),
)

commanding_mutants = (
    *(
        Mutant(
            f"{command}-without-effect",
            f"lifecycle.{command}",
            f"To {command} a broadcast changes nothing.",
            doing(command, _without_effect),
        )
        for command in TRANSITIONS
    ),
    *(
        Mutant(
            name,
            f"lifecycle.{command}",
            f"To {command} a broadcast makes it {state}.",
            _moving(command, _leading_to(state)),
        )
        for name, command, state in _ASTRAY
    ),
    *(
        Mutant(
            name,
            f"lifecycle.{command}",
            f"To {command} a broadcast is answered with the state {state}.",
            _moving(command, _answering(state)),
        )
        for name, command, state in _MISTOLD
    ),
    *(
        Mutant(
            name,
            f"lifecycle.{command}",
            f"To {command} a broadcast is refused in a state that allows it.",
            _moving(command, _allowed_only_in(sources)),
        )
        for name, command, sources in _REFUSED
    ),
    Mutant(
        "command-without-id",
        "answer.members",
        "Commands are answered without the id of the broadcast.",
        together(*(doing(command, _nameless) for command in TRANSITIONS)),
    ),
    *(
        Mutant(
            name,
            "lifecycle.transitions",
            f"A {state} broadcast may be told to {command}.",
            _moving(command, _allowed_in(state)),
        )
        for name, command, state in _ALLOWED
    ),
    Mutant(
        "any-transition-allowed",
        "lifecycle.transitions",
        "Every command is taken in every state.",
        together(
            *(
                _moving(command, _allowed_in(DRAFT, STARTED, PAUSED, CANCELED))
                for command in TRANSITIONS
            )
        ),
    ),
    Mutant(
        "illegal-transition-is-200",
        "lifecycle.transitions",
        "A command that a state does not allow is answered as if it were done.",
        together(*(doing(command, _idle) for command in TRANSITIONS)),
    ),
    *(
        Mutant(
            name,
            "lifecycle.state",
            f"A new broadcast is {state}.",
            _born(_always(state)),
        )
        for name, state in (
            ("created-started", STARTED),
            ("created-completed", "completed"),
            ("created-canceled", CANCELED),
            ("created-scheduled", SCHEDULED),
        )
    ),
    Mutant(
        "created-started-if-scheduled",
        "lifecycle.state",
        "A new broadcast with a time is started.",
        _born(lambda body: DRAFT if body.get("scheduledAt") is None else STARTED),
    ),
    Mutant(
        "read-without-state",
        "lifecycle.state",
        "Reading answers a broadcast without its state.",
        only(("get",), showing(losing("state"))),
    ),
    Mutant(
        "read-as-draft",
        "lifecycle.start",
        "Reading answers a draft, whatever became of it.",
        only(("get",), showing_at(lambda _: DRAFT, "state")),
    ),
    *(
        Mutant(
            name,
            rule,
            f"An id that nobody created is answered with status {reply.status}.",
            together(*(doing(operation, _another(reply)) for operation in operations)),
        )
        for name, rule, operations, reply in _UNKNOWN
    ),
    Mutant(
        "update-of-unknown-creates",
        "lifecycle.unknown",
        "An update of an id that nobody created creates it.",
        doing("update", _upserting),
    ),
)
