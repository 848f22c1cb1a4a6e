"""Probing: finding out which of several candidates a target keeps to.

In: questions, and a connection to the target. Out: an answer to each, with how sure it
is. A candidate is *read* if the target takes a body as the candidate has it, and
refuses the same body with the question's rule broken there. Whoever takes both does
not look: what may be mere leniency is not told.
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
from ringspec.strategies import Telling, encode, is_valid, request_of, telling

# So many requests in a row without an answer, and the target is given up.
PATIENCE = 4


class Sureness(StrEnum):
    """How sure an answer is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the target made of a body.

    Attributes:
        taken: whether it took the body; None where it does not say.
        said: its answer in a few words.
        answer: what it answered, as data.
    """

    taken: bool | None
    said: str
    answer: Json = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one candidate.

    Attributes:
        valid: of a body as the candidate has it.
        invalid: of the same with the rule broken; None where nothing breaks it, or
            the first was not taken anyway.
        shown: whether the answer gave back what is in question.
        breakable: whether the candidate has the rule at all.
    """

    candidate: Candidate
    valid: Heard
    invalid: Heard | None = None
    shown: bool = False
    breakable: bool = True

    @property
    def is_read(self) -> bool | None:
        """Tell whether the target keeps to the candidate; None if it does not say."""
        if not self.valid.taken:
            return self.valid.taken
        if not self.breakable:
            return True
        return None if self.invalid is None else _not(self.invalid.taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a question.

    Attributes:
        candidate: what is read, or else what is taken for granted.
        reason: what the target did that tells so.
    """

    question: Question
    candidate: Candidate
    sureness: Sureness
    reason: str

    @property
    def is_told(self) -> bool:
        """Tell whether it is an answer at all."""
        return self.sureness != Sureness.NOT_TOLD


@dataclass
class Prober:
    """Asks one target, one question after the other.

    Attributes:
        contract: the contract's file; ours without one.
        sent: how many requests went out.
    """

    connection: Connection
    url: str
    contract: Path | None = None
    operation: str | None = None
    sent: int = 0
    _settled: tuple[Json, ...] = ()
    _unanswered: int = 0
    _heard: dict[bytes, Heard] = field(default_factory=dict)

    @property
    def actions(self) -> tuple[Json, ...]:
        """The actions of an overlay that says what was found so far."""
        return self._settled

    async def answers(self, questions: tuple[Question, ...]) -> AsyncIterator[Answer]:
        """Ask, and answer, question by question.

        Raises:
            SpecError: a question is not about the contract.
            TargetError: nobody is there, or nobody is let in.
        """
        for question in questions:
            found = judged(question, await self._trials(question))
            # Later questions are asked as the target wants it.
            self._settled += found.candidate.actions
            yield found

    async def _trials(self, question: Question) -> list[Trial]:
        contracts = {
            each.name: self._as(question, each) for each in question.candidates
        }
        told = {
            name: telling(contract, question.rule)
            for name, contract in contracts.items()
        }
        broken = [each.invalid for each in told.values() if each is not None]
        if not broken:
            raise SpecError(
                f"question {question.id}: no body breaks {question.rule} alone",
                hint="`rule` names one that a candidate's contract has",
            )
        return [
            await self._trial(each, contracts[each.name], told[each.name], broken)
            for each in question.candidates
        ]

    def _as(self, question: Question, candidate: Candidate) -> Contract:
        return load_with_actions(
            (*self._settled, *candidate.actions),
            self.contract,
            operation=self.operation,
            origin=f"question {question.id}, {candidate.name}",
        )

    async def _trial(
        self,
        candidate: Candidate,
        contract: Contract,
        told: Telling | None,
        broken: list[Json],
    ) -> Trial:
        if told is None:
            # What others refuse is what this one allows.
            allowed = next((b for b in broken if is_valid(contract, b)), None)
            if allowed is None:
                nothing = Heard(taken=None, said="no body tells of it")
                return Trial(candidate, nothing, breakable=False)
            valid = await self._send(contract, allowed)
            return Trial(candidate, valid, breakable=False)
        valid = await self._send(contract, told.valid)
        if not valid.taken:
            return Trial(candidate, valid)
        invalid = await self._send(contract, told.invalid)
        shown = not told.by_default and _shows(valid.answer, told)
        return Trial(candidate, valid, invalid, shown)

    async def _send(self, contract: Contract, body: Json) -> Heard:
        """Send a body, unless it was sent before."""
        content = encode(body)
        if content not in self._heard:
            request = request_of(contract, body)
            exchange = await self.connection.exchange(request)
            self.sent += exchange.sent
            self._check(exchange)
            self._heard[content] = _heard(exchange)
        return self._heard[content]

    def _check(self, exchange: Exchange) -> None:
        """Give up a target that is not there, or lets nobody in."""
        if exchange.response is None:
            self._unanswered += 1
            if not self._heard or self._unanswered >= PATIENCE:
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


def _not(told: bool | None) -> bool | None:  # noqa: FBT001 - of three values
    return None if told is None else not told


def _heard(exchange: Exchange) -> Heard:
    response = exchange.response
    if response is None:
        return Heard(taken=None, said=exchange.summary)
    status = response.status
    if status // 100 == 2:
        answer, _ = parse(response)
        return Heard(taken=True, said=exchange.summary, answer=answer)
    is_refusal = status // 100 == 4 and status not in NO_JUDGEMENT
    return Heard(taken=False if is_refusal else None, said=exchange.summary)


def _shows(answer: Json, told: Telling) -> bool:
    try:
        return same(at(answer, told.place), at(told.valid, told.place))
    except KeyError:
        return False


def judged(question: Question, trials: list[Trial]) -> Answer:
    """Draw the answer from what became of each candidate."""
    reading = [each for each in trials if each.is_read]
    taking = [each for each in trials if each.valid.taken]
    shown = [each for each in taking if each.shown]
    if reading:
        best = reading[0]
        sureness, reason = _of_reading(question.rule, reading, trials)
    elif _is_alone(taking, trials):
        best, sureness = taking[0], Sureness.LIKELY
        reason = "only so a body is accepted, though also with a wrong value there"
    elif len(shown) == 1:
        best, sureness = shown[0], Sureness.LIKELY
        reason = "any value is accepted there, and only this comes back in the answer"
    else:
        best, sureness = (taking or trials)[0], Sureness.NOT_TOLD
        reason = _why_not_told(trials, taking)
    return Answer(
        question=question, candidate=best.candidate, sureness=sureness, reason=reason
    )


def _is_alone(taking: list[Trial], trials: list[Trial]) -> bool:
    """Tell whether one candidate's bodies are taken, right or wrong, and no others."""
    if len(taking) != 1 or taking[0].is_read is None:
        return False
    return all(each.valid.taken is False for each in trials if each is not taking[0])


def _of_reading(
    rule: RuleId, reading: list[Trial], trials: list[Trial]
) -> tuple[Sureness, str]:
    first = reading[0]
    reason = f"such a body was accepted ({first.valid.said})"
    if first.invalid is not None:
        reason += f", and refused with {rule} broken ({first.invalid.said})"
    others = [each.candidate.name for each in reading[1:]]
    if others:
        reason += f"; {' and '.join(others)} as well: either will do"
    open_ = [each for each in trials if each.is_read is None]
    if not open_:
        return Sureness.CERTAIN, reason
    what = (open_[0].invalid or open_[0].valid).said
    return Sureness.LIKELY, f"{reason}; of {open_[0].candidate.name}: {what}"


def _why_not_told(trials: list[Trial], taking: list[Trial]) -> str:
    if taking:
        names = " and ".join(each.candidate.name for each in taking)
        silent = [each for each in taking if each.invalid and each.is_read is None]
        if silent and silent[0].invalid:
            return f"{silent[0].invalid.said} says nothing of {names}"
        return f"with {names}, any value there is accepted: it is read under none"
    said = sorted({each.valid.said for each in trials})
    return f"no body was accepted, whichever way: {', '.join(said)}"
