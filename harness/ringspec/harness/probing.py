"""Probing: which of several candidates a target keeps to.

In: questions, and a connection to the target. Out: an answer to each, with how sure it
is. A candidate is *read* if the target accepts a body as the candidate has it, and
refuses the same body with the question's rule broken there. A target that accepts both
may be merely lenient: then nothing is known.
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
class _Reaction:
    """What the target made of a body: None where it does not say whether it took it."""

    taken: bool | None
    summary: str
    data: Json = None


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of one candidate.

    Attributes:
        valid: reaction to a body as the candidate has it.
        invalid: reaction to the same with the rule broken; None where nothing breaks
            it, or the first was not taken anyway.
        shown: whether the answer gave back what is in question.
        breakable: whether the candidate has the rule at all.
    """

    candidate: Candidate
    valid: _Reaction
    invalid: _Reaction | None = None
    shown: bool = False
    breakable: bool = True

    @property
    def is_read(self) -> bool | None:
        """Whether the target keeps to the candidate; None if it does not say."""
        if not self.valid.taken or not self.breakable:
            return self.valid.taken
        if self.invalid is None or self.invalid.taken is None:
            return None
        return not self.invalid.taken


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
    _reactions: dict[bytes, _Reaction] = field(default_factory=dict)

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
        tries: list[tuple[Candidate, Contract, ProbeBodies | None]] = []
        for candidate in question.candidates:
            contract = load_with_actions(
                (*self.actions, *candidate.actions),
                self.contract,
                operation=self.operation,
                origin=f"question {question.id}, {candidate.name}",
            )
            tries.append((candidate, contract, probe_bodies(contract, question.rule)))
        broken = [bodies.invalid for _, _, bodies in tries if bodies is not None]
        if not broken:
            raise SpecError(
                f"question {question.id}: no body breaks {question.rule} alone",
                hint="`rule` names one that a candidate's contract has",
            )
        return [await self._candidate(*each, broken) for each in tries]

    async def _candidate(
        self,
        candidate: Candidate,
        contract: Contract,
        bodies: ProbeBodies | None,
        broken: list[Json],
    ) -> _Tried:
        if bodies is None:
            # What others refuse is what this one allows.
            allowed = next((b for b in broken if is_settled(contract, b)), None)
            if allowed is None:
                nothing = _Reaction(None, "no body tells of it")
                return _Tried(candidate, nothing, breakable=False)
            valid = await self._send(contract, allowed)
            return _Tried(candidate, valid, breakable=False)
        valid = await self._send(contract, bodies.valid)
        if not valid.taken:
            return _Tried(candidate, valid)
        invalid = await self._send(contract, bodies.invalid)
        shown = not bodies.by_default and _shows(valid.data, bodies)
        return _Tried(candidate, valid, invalid, shown)

    async def _send(self, contract: Contract, body: Json) -> _Reaction:
        """Send a body, unless it was sent before."""
        content = encode(body)
        if content not in self._reactions:
            request = Requests(contract).create(content)
            exchange = await self.connection.exchange(request)
            self.sent += exchange.sent
            self._check(exchange)
            self._reactions[content] = _reaction(exchange)
        return self._reactions[content]

    def _check(self, exchange: Exchange) -> None:
        """Give up a target that is not there, or refuses the credentials."""
        if exchange.response is None:
            self._unanswered += 1
            if not self._reactions or self._unanswered >= _PATIENCE:
                raise TargetError(
                    f"{self.url}: {exchange.summary}",
                    hint="is it up, and the URL right?",
                )
            return
        self._unanswered = 0
        if exchange.response.status in {401, 407}:
            raise TargetError(
                f"{self.url} lets nobody in: {exchange.summary}",
                hint="give --bearer TOKEN, or --client-id, --client-secret"
                " and --token-url",
            )


def _reaction(exchange: Exchange) -> _Reaction:
    response, summary = exchange.response, exchange.summary
    if response is None:
        return _Reaction(None, summary)
    if response.status // 100 == 2:
        return _Reaction(taken=True, summary=summary, data=parse(response)[0])
    is_refusal = response.status // 100 == 4 and response.status not in NO_JUDGEMENT
    return _Reaction(False if is_refusal else None, summary)


def _shows(data: Json, bodies: ProbeBodies) -> bool:
    try:
        return same(at(data, bodies.place), at(bodies.valid, bodies.place))
    except KeyError:
        return False


def _concluded(rule: RuleId, tried: list[_Tried]) -> tuple[Candidate, Sureness, str]:
    """Draw the answer from what became of each candidate."""
    reading = [each for each in tried if each.is_read]
    taking = [each for each in tried if each.valid.taken]
    shown = [each for each in taking if each.shown]
    if reading:
        unclear = [each for each in tried if each.is_read is None]
        sureness = Sureness.LIKELY if unclear else Sureness.CERTAIN
        return reading[0].candidate, sureness, _why_read(rule, reading, unclear)
    if (
        len(taking) == 1
        and taking[0].is_read is not None
        and all(each.valid.taken is False for each in tried if each is not taking[0])
    ):
        reason = "only so a body is accepted, though also with a wrong value there"
        return taking[0].candidate, Sureness.LIKELY, reason
    if len(shown) == 1:
        reason = "any value is accepted there, and only this comes back in the answer"
        return shown[0].candidate, Sureness.LIKELY, reason
    best = (taking or tried)[0].candidate
    return best, Sureness.NOT_TOLD, _why_not_known(tried, taking)


def _why_read(rule: RuleId, reading: list[_Tried], unclear: list[_Tried]) -> str:
    first = reading[0]
    reason = f"such a body was accepted ({first.valid.summary})"
    if first.invalid is not None:
        reason += f", and refused with {rule} broken ({first.invalid.summary})"
    others = [each.candidate.name for each in reading[1:]]
    if others:
        reason += f"; {' and '.join(others)} as well: either will do"
    for each in unclear[:1]:
        what = (each.invalid or each.valid).summary
        reason += f"; of {each.candidate.name}: {what}"
    return reason


def _why_not_known(tried: list[_Tried], taking: list[_Tried]) -> str:
    if not taking:
        summaries = sorted({each.valid.summary for each in tried})
        return f"no body was accepted, whichever way: {', '.join(summaries)}"
    names = " and ".join(each.candidate.name for each in taking)
    for each in taking:
        if each.invalid and each.is_read is None:
            return f"{each.invalid.summary} says nothing of {names}"
    return f"with {names}, any value there is accepted: it is read under none"
