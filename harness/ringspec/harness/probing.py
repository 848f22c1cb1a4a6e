"""Probing: which of several candidates a target keeps to, and how sure that is.

A candidate is *read* if the target accepts a body as the candidate has it, and refuses
the same body with the question's rule broken there. A target that accepts both may be
merely lenient: then nothing is known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from ringspec.harness.judging.checks import NO_JUDGEMENT
from ringspec.harness.running.plan import advice
from ringspec.harness.sending.exchange import MISSING, Exchange, Sender, parse
from ringspec.harness.sending.guard import Guard
from ringspec.spec import (
    Candidate,
    Contract,
    Json,
    Question,
    RuleId,
    SpecError,
    TargetError,
    at,
    at_pointer,
    load_with_actions,
    same,
)
from ringspec.strategies import Labeller, ProbeBodies, Requests, encode, probe_bodies

# Requests in a row without an answer after which the target is given up.
_PATIENCE = 4


class Sureness(StrEnum):
    """How sure an answer is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """The answer to a question."""

    question: Question
    candidate: Candidate  # the one that is read, or else the one that is assumed
    sureness: Sureness
    reason: str  # what the target did


class _Tried(NamedTuple):
    """What became of one candidate."""

    candidate: Candidate
    shown: bool = False  # whether the answer gave back what is in question
    # Whether a body as the candidate has it was accepted; None if unclear.
    taken: bool | None = None
    # Whether the target keeps to the candidate; None if unclear.
    is_read: bool | None = None
    summary: str = "no body can show it"
    # Summary of the answer to the same body with the rule broken, if sent.
    broken: str = ""


def _taken(exchange: Exchange) -> bool | None:
    """Return whether a body was accepted; None where the answer does not say."""
    refused = exchange.status // 100 == 4 and exchange.status not in NO_JUDGEMENT
    return exchange.status // 100 == 2 or (False if refused else None)


@dataclass
class Prober:
    """Asks one target, one question after the other.

    `actions` are those of an overlay of all answers so far.
    """

    connection: Guard | Sender
    url: str
    contract: Path | None = None
    operation: str | None = None
    sent: int = 0
    actions: tuple[Json, ...] = ()
    # If the very first goes unanswered, nothing is there.
    _unanswered: int = _PATIENCE - 1
    _exchanges: dict[bytes, Exchange] = field(default_factory=dict)

    async def answers(
        self, questions: tuple[Question, ...]
    ) -> AsyncIterator[ProbeAnswer]:
        """Ask, and answer, question by question.

        Raises:
            SpecError: a question is not about the contract.
            TargetError: nothing listens, or credentials are refused.
        """
        for question in questions:
            probes: list[tuple[Candidate, Contract, ProbeBodies | None]] = []
            for candidate in question.candidates:
                contract = load_with_actions(
                    (*self.actions, *candidate.actions),
                    self.contract,
                    operation=self.operation,
                    origin=f"question {question.id}, {candidate.name}",
                )
                bodies = probe_bodies(contract, question.rule)
                probes.append((candidate, contract, bodies))
            broken = [bodies.invalid for _, _, bodies in probes if bodies is not None]
            if not broken:
                raise SpecError(
                    f"question {question.id}: no body breaks {question.rule} alone",
                    hint="`rule` names one that a candidate's contract has",
                )
            tried = [await self._tried(*probe, broken) for probe in probes]
            candidate, sureness, reason = _concluded(question.rule, tried)
            # Later questions are asked as the target wants it.
            self.actions += candidate.actions
            yield ProbeAnswer(question, candidate, sureness, reason)

    async def _tried(
        self,
        candidate: Candidate,
        contract: Contract,
        bodies: ProbeBodies | None,
        broken: list[Json],
    ) -> _Tried:
        # What others refuse is what a candidate without the rule allows.
        allowed = (body for body in broken if Labeller(contract).label(body).is_valid)
        body = next(allowed, MISSING) if bodies is None else bodies.valid
        if body is MISSING:
            return _Tried(candidate)
        valid = await self._send(contract, body)
        taken = _taken(valid)
        tried = _Tried(candidate, taken=taken, is_read=taken, summary=valid.summary)
        if not taken or bodies is None:
            return tried
        invalid = await self._send(contract, bodies.invalid)
        is_read = {None: None, True: False, False: True}[_taken(invalid)]
        shown = _shows(valid, bodies, contract.answers.at)
        return tried._replace(shown=shown, is_read=is_read, broken=invalid.summary)

    async def _send(self, contract: Contract, body: Json) -> Exchange:
        content = encode(body)
        if content in self._exchanges:
            return self._exchanges[content]
        exchange = await self.connection.exchange(Requests(contract).create(content))
        self.sent += exchange.sent
        self._unanswered = 0 if exchange.response else self._unanswered + 1
        if exchange.status in {401, 407}:
            raise TargetError(
                f"{self.url} refuses every request: {exchange.summary}",
                hint=advice(self.connection.filling),
            )
        if self._unanswered >= _PATIENCE:
            raise TargetError(
                f"{self.url}: {exchange.summary}", hint="is it up, and the URL right?"
            )
        self._exchanges[content] = exchange
        return exchange


def _shows(exchange: Exchange, bodies: ProbeBodies, resource: str) -> bool:
    if bodies.by_default or exchange.response is None:
        return False
    data, _ = parse(exchange.response)
    try:
        shown = at(at_pointer(data, resource), bodies.place)
        return same(shown, at(bodies.valid, bodies.place))
    except KeyError:
        return False


def _concluded(rule: RuleId, tried: list[_Tried]) -> tuple[Candidate, Sureness, str]:
    reading = [each for each in tried if each.is_read]
    taking = [each for each in tried if each.taken]
    shown = [each for each in taking if each.shown]
    unclear = next((each for each in tried if each.is_read is None), None)
    if reading:
        first, *others = reading
        reason = f"such a body was accepted ({first.summary})"
        if first.broken:
            reason += f", and refused with {rule} broken ({first.broken})"
        if others:
            names = " and ".join(each.candidate.name for each in others)
            reason += f"; {names} as well: either will do"
        if unclear is None:
            return first.candidate, Sureness.CERTAIN, reason
        reason += f"; of {unclear.candidate.name}: {unclear.broken or unclear.summary}"
        return first.candidate, Sureness.LIKELY, reason
    if len(taking) == 1 and unclear is None:
        reason = "only so a body is accepted, though also with a wrong value there"
        return taking[0].candidate, Sureness.LIKELY, reason
    if len(shown) == 1:
        reason = "any value is accepted there, and only this comes back in the answer"
        return shown[0].candidate, Sureness.LIKELY, reason
    if not taking:
        summaries = sorted({each.summary for each in tried})
        reason = f"no body was accepted, whichever way: {', '.join(summaries)}"
        return tried[0].candidate, Sureness.NOT_TOLD, reason
    names = " and ".join(each.candidate.name for each in taking)
    unclear = next((each for each in taking if each.is_read is None), None)
    reason = f"with {names}, any value there is accepted: it is read under none"
    if unclear is not None:
        reason = f"{unclear.broken} says nothing of {names}"
    return taking[0].candidate, Sureness.NOT_TOLD, reason
