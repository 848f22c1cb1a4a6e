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

from ringspec.harness.judging.checks import NO_JUDGEMENT
from ringspec.harness.sending.exchange import Connection, Exchange, parse
from ringspec.spec import (
    Candidate,
    Contract,
    Json,
    Question,
    RuleId,
    SpecError,
    TargetError,
    at,
    load_with_actions,
    same,
)
from ringspec.strategies import (
    ProbeBodies,
    Requests,
    encode,
    is_settled,
    probe_bodies,
)

# Requests in a row without an answer after which the target is given up.
_PATIENCE = 4


class Sureness(StrEnum):
    """How sure an answer is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """The answer to a question.

    Attributes:
        candidate: the one that is read, or else the one that is assumed.
        reason: what the target did.
    """

    question: Question
    candidate: Candidate
    sureness: Sureness
    reason: str

    @property
    def is_known(self) -> bool:
        """Whether the target has answered it at all."""
        return self.sureness != Sureness.NOT_TOLD


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of one candidate.

    Attributes:
        valid: exchange of a body as the candidate has it; None where no body shows it.
        invalid: of the same with the rule broken; None where nothing breaks it, or the
            first was not accepted anyway.
        shown: whether the answer gave back what is in question.
        breakable: whether the candidate has the rule at all.
    """

    candidate: Candidate
    valid: Exchange | None
    invalid: Exchange | None = None
    shown: bool = False
    breakable: bool = True

    @property
    def taken(self) -> bool | None:
        return _taken(self.valid)

    @property
    def is_read(self) -> bool | None:
        """Whether the target keeps to the candidate; None if it does not say."""
        if not self.taken or not self.breakable:
            return self.taken
        lax = _taken(self.invalid)
        return None if lax is None else not lax

    @property
    def summary(self) -> str:
        return self.valid.summary if self.valid else "no body can show it"


def _taken(exchange: Exchange | None) -> bool | None:
    """Return whether a body was accepted; None where the answer does not say."""
    status = exchange.response.status if exchange and exchange.response else 0
    if status // 100 == 2:
        return True
    return False if status // 100 == 4 and status not in NO_JUDGEMENT else None


@dataclass
class Prober:
    """Asks one target, one question after the other.

    Attributes:
        contract: the contract's file; ours without one.
        sent: how many requests went out.
        actions: of an overlay of all answers so far.
    """

    connection: Connection
    url: str
    contract: Path | None = None
    operation: str | None = None
    sent: int = 0
    actions: tuple[Json, ...] = ()
    _unanswered: int = 0
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
            tried = await self._tried(question)
            candidate, sureness, reason = _concluded(question.rule, tried)
            # Later questions are asked as the target wants it.
            self.actions += candidate.actions
            yield ProbeAnswer(question, candidate, sureness, reason)

    async def _tried(self, question: Question) -> list[_Tried]:
        probes: list[tuple[Candidate, Contract, ProbeBodies | None]] = []
        for candidate in question.candidates:
            contract = load_with_actions(
                (*self.actions, *candidate.actions),
                self.contract,
                operation=self.operation,
                origin=f"question {question.id}, {candidate.name}",
            )
            probes.append((candidate, contract, probe_bodies(contract, question.rule)))
        broken = [bodies.invalid for _, _, bodies in probes if bodies is not None]
        if not broken:
            raise SpecError(
                f"question {question.id}: no body breaks {question.rule} alone",
                hint="`rule` names one that a candidate's contract has",
            )
        tried: list[_Tried] = []
        for candidate, contract, bodies in probes:
            valid: Exchange | None = None
            if bodies is not None:
                valid = await self._send(contract, bodies.valid)
                if _taken(valid):
                    invalid = await self._send(contract, bodies.invalid)
                    shown = _shows(valid, bodies)
                    tried.append(_Tried(candidate, valid, invalid, shown))
                else:
                    tried.append(_Tried(candidate, valid))
                continue
            # What others refuse is what this one allows.
            allowed = [body for body in broken if is_settled(contract, body)]
            if allowed:
                valid = await self._send(contract, allowed[0])
            tried.append(_Tried(candidate, valid, breakable=False))
        return tried

    async def _send(self, contract: Contract, body: Json) -> Exchange:
        """Send a body, unless it was sent before.

        Raises:
            TargetError: the target is not there, or refuses the credentials.
        """
        content = encode(body)
        if content in self._exchanges:
            return self._exchanges[content]
        exchange = await self.connection.exchange(Requests(contract).create(content))
        self.sent += exchange.sent
        self._unanswered += 1
        if exchange.response is not None:
            self._unanswered = 0
            if exchange.response.status in {401, 407}:
                raise TargetError(
                    f"{self.url} refuses every request: {exchange.summary}",
                    hint="give --bearer TOKEN, or --client-id, --client-secret"
                    " and --token-url",
                )
        elif not self._exchanges or self._unanswered >= _PATIENCE:
            raise TargetError(
                f"{self.url}: {exchange.summary}",
                hint="is it up, and the URL right?",
            )
        self._exchanges[content] = exchange
        return exchange


def _shows(exchange: Exchange, bodies: ProbeBodies) -> bool:
    if bodies.by_default or exchange.response is None:
        return False
    data, _ = parse(exchange.response)
    try:
        return same(at(data, bodies.place), at(bodies.valid, bodies.place))
    except KeyError:
        return False


def _concluded(rule: RuleId, tried: list[_Tried]) -> tuple[Candidate, Sureness, str]:
    """Draw the answer from what became of each candidate."""
    reading = [each for each in tried if each.is_read]
    taking = [each for each in tried if each.taken]
    shown = [each for each in taking if each.shown]
    if reading:
        unclear = [each for each in tried if each.is_read is None]
        sureness = Sureness.LIKELY if unclear else Sureness.CERTAIN
        return reading[0].candidate, sureness, _why_read(rule, reading, unclear)
    if (
        len(taking) == 1
        and taking[0].is_read is not None
        and all(each.taken is False for each in tried if each is not taking[0])
    ):
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
    reason = f"with {names}, any value there is accepted: it is read under none"
    for each in reversed(taking):
        if each.invalid and each.is_read is None:
            reason = f"{each.invalid.summary} says nothing of {names}"
    return taking[0].candidate, Sureness.NOT_TOLD, reason


def _why_read(rule: RuleId, reading: list[_Tried], unclear: list[_Tried]) -> str:
    first = reading[0]
    reason = f"such a body was accepted ({first.summary})"
    if first.invalid is not None:
        reason += f", and refused with {rule} broken ({first.invalid.summary})"
    others = [each.candidate.name for each in reading[1:]]
    if others:
        reason += f"; {' and '.join(others)} as well: either will do"
    for each in unclear[:1]:
        what = each.invalid.summary if each.invalid else each.summary
        reason += f"; of {each.candidate.name}: {what}"
    return reason
