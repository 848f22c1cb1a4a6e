"""Standing rules: about HTTP rather than about a body, the same for every contract.

In: the operations that a contract links to the one under test. Out: the rules that can
be asked of it, as they read where no catalogue words them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringspec.spec.links import Link, Role
from ringspec.spec.rules import Evidence, Level, Rule, RuleId

_RFC = "RFC 9110"
_MUST = (Level.MUST, Evidence.DOCUMENTED)
_SHOULD = (Level.SHOULD, Evidence.WITNESSED)
_MAY = (Level.MAY, Evidence.INFERRED)

_ALWAYS = {
    "body.accepted": (_MUST, "A body that keeps to every rule is accepted."),
    "answer.json": (_MUST, "What answers an accepted request is JSON, and says so."),
    "answer.members": (_MUST, "The answer has its required members."),
    "answer.types": (_MUST, "Members of the answer are what their schema says."),
    "answer.echo": (_MUST, "The answer gives back what was sent, unchanged."),
    "answer.defaults": (
        _MUST,
        "The answer shows documented defaults for what was left out.",
    ),
    "error.status": (_MUST, "What breaks a rule is refused with 400 or 422."),
    "error.envelope": (_MUST, "A refusal keeps to the contract's schema of errors."),
    "auth.token": (_MUST, "A request without a valid access token is answered 401."),
    "auth.secrecy": (_MAY, "No answer repeats the access token or the secret."),
    "auth.client": (_SHOULD, "Who does not prove to be a client gets no access token."),
    "wire.json": (_MAY, "A body that is no JSON is refused."),
    "wire.media": (_MAY, "A body that is not labelled as JSON is refused with 415."),
    "wire.method": (
        _MAY,
        "A method that a path does not have is answered 405, with Allow.",
    ),
    "wire.path": (_MAY, "A path that does not exist is answered 404."),
    "robustness": (
        _MUST,
        "Whatever is sent, the answer comes in time, whole, and is no 5xx.",
    ),
}
_LIFE = {
    "lifecycle.readable": (_SHOULD, "What was created can be read, as it was sent."),
    "lifecycle.rejected": (_SHOULD, "What was refused was not created."),
    "lifecycle.ids": (_MAY, "Whatever is created has an id of its own."),
    "lifecycle.listed": (_MAY, "What was created stands in the list."),
    "lifecycle.updated": (_SHOULD, "What an update sent is what is read afterwards."),
    "lifecycle.update.refused": (
        _MAY,
        "An update that breaks a rule is refused and changes nothing.",
    ),
    "lifecycle.deleted": (
        _MAY,
        "What was deleted, and nothing else, can no longer be read.",
    ),
    "lifecycle.unknown": (_MAY, "An id that nobody created is refused."),
    "lifecycle.state": (_MAY, "What was just created is in its first state."),
    "lifecycle.transitions": (
        _MAY,
        "A command that a state does not allow is refused.",
    ),
}


def standing(links: tuple[Link, ...]) -> dict[RuleId, Rule]:
    """Return the standing rules of a contract, in their order, by id."""
    asked = _asked(links)
    life = [(name, _LIFE[name]) for name in _LIFE if name in asked]
    stated = [*_ALWAYS.items(), *life]
    for each in links:
        if each.role == Role.COMMAND and each.transition.to:
            sentence = (
                f"The command {each.name} leads to the state {each.transition.to}."
            )
            stated.append((f"lifecycle.{each.name}", (_MAY, sentence)))
    return {
        RuleId(name): Rule(
            id=RuleId(name),
            level=level,
            evidence=evidence,
            sentence=sentence,
            source=_RFC,
        )
        for name, ((level, evidence), sentence) in stated
    }


def _asked(links: tuple[Link, ...]) -> set[str]:
    """Return the rules of a life that can be asked of these operations."""
    return {name for each in links for name in _asked_of(each, links)}


def _asked_of(relative: Link, all_: tuple[Link, ...]) -> Iterator[str]:
    reads = any(each.role == Role.READ for each in all_)
    if relative.captures:
        yield from ("lifecycle.ids", "lifecycle.unknown")
    match relative.role:
        case Role.READ:
            yield "lifecycle.readable"
            yield from ("lifecycle.state",) * bool(relative.first)
        case Role.LIST if any(each.captures for each in all_):
            yield from ("lifecycle.listed", "lifecycle.rejected")
        case Role.REPLACE if reads and relative.same_body:
            yield from ("lifecycle.updated", "lifecycle.update.refused")
        case Role.DELETE if reads:
            yield "lifecycle.deleted"
        case Role.COMMAND if relative.transition.refuses:
            yield "lifecycle.transitions"
