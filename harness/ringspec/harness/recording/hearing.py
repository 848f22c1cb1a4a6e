"""A hearing: requests of clients, judged one after the other.

In: requests as they were heard. Out: each as a case with its exchange and findings, so
that reports of runs can tell of it, and what no rule says of it besides.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from ringspec.harness.judging.verdict import (
    Ended,
    Finding,
    Judged,
    Started,
    Verdict,
)
from ringspec.harness.recording.account import Account
from ringspec.harness.recording.addresses import Addresses
from ringspec.harness.recording.exchanges import exchange_of
from ringspec.harness.recording.rulings import Judge
from ringspec.harness.recording.tap import Heard
from ringspec.harness.recording.words import Kind, Word
from ringspec.harness.sending.exchange import Exchange
from ringspec.harness.sending.placeholders import Filling
from ringspec.spec import Contract, Level, RuleId, weakest
from ringspec.strategies import Case, Expect

# No finding of a client is of this rule, so that none is taken for a server's.
_SERVES = RuleId("body.accepted")
_VERDICTS = {Kind.BROKEN: Verdict.FAIL, Kind.KEPT: Verdict.PASS}
# Names by which clients call themselves that are remembered, and of each so much.
_CLIENTS, _NAME = 20, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One request, judged.

    Attributes:
        number: from 1, in the order of the answers.
        client: what it calls itself; empty where it does not.
        operation: id or name of what was asked for; empty where there is no such.
        words: all that is said of it.
        news: whether it is the first to break some rule, or to leave something open.
    """

    number: int
    client: str
    operation: str
    judged: Judged
    words: tuple[Word, ...]
    news: bool

    @property
    def broken(self) -> tuple[Word, ...]:
        """The rules that it breaks."""
        return self._of(Kind.BROKEN)

    @property
    def kept(self) -> tuple[Word, ...]:
        """The rules that applied, and that it keeps to."""
        return self._of(Kind.KEPT)

    @property
    def unspecified(self) -> tuple[Word, ...]:
        """What no source settles."""
        return self._of(Kind.UNSPECIFIED)

    @property
    def remarks(self) -> tuple[Word, ...]:
        """What is of no rule."""
        return self._of(Kind.REMARK)

    def _of(self, kind: Kind) -> tuple[Word, ...]:
        return tuple(each for each in self.words if each.kind == kind)


class Hearing:
    """Judges what clients send to one server.

    Args:
        contract: by which they are judged.
        level: what gates.
        url: of the server.
        filling: the credentials that clients should bring.
    """

    def __init__(
        self, contract: Contract, level: Level, url: str, filling: Filling
    ) -> None:
        self.account = Account(contract, level)
        self.clients: Counter[str] = Counter()
        self._contract = contract
        self._url = url.rstrip("/")
        self._filling = filling
        self._addresses = Addresses(contract, filling.token_url)
        self._judge = Judge(contract, filling)
        self._began_s = time.perf_counter()

    def started(self) -> Started:
        """Return the event with which reports begin."""
        return Started(
            contract=self._contract,
            target=self._url,
            level=self.account.level,
            seed=0,
            total=0,
            clients=True,
        )

    def told(self, heard: Heard) -> Told:
        """Judge a request, and take it into the account."""
        number = self.account.requests + 1
        address = self._addresses.find(heard.method, heard.path)
        words = self._judge.words(heard, address)
        exchange = exchange_of(heard, address, self._url, self._filling)
        judged = self._judged(number, exchange, words)
        client = (heard.header("user-agent") or "")[:_NAME]
        if client in self.clients or len(self.clients) < _CLIENTS:
            self.clients[client] += 1
        return Told(
            number=number,
            client=client,
            operation=address.name,
            judged=judged,
            words=words,
            news=self.account.add(words, judged.findings),
        )

    def ended(self) -> Ended:
        """Return the event with which reports end."""
        names = ", ".join(each or "a client without a name" for each in self.clients)
        message = f"the clients: {names}" if names else "no client sent anything"
        duration_s = round(time.perf_counter() - self._began_s, 3)
        return Ended(result=self.account.result(duration_s, message))

    def _judged(
        self, number: int, exchange: Exchange, words: tuple[Word, ...]
    ) -> Judged:
        case = self._case(number, exchange, words)
        return Judged(
            case=case,
            exchange=exchange,
            findings=tuple(
                self._finding(each, case, exchange)
                for each in words
                if each.kind in _VERDICTS
            ),
        )

    def _case(self, number: int, exchange: Exchange, words: tuple[Word, ...]) -> Case:
        rules = self._contract.rules
        fallen = [rules[each.about] for each in words if each.kind == Kind.BROKEN]
        response = exchange.response
        return Case(
            id=f"request-{number}",
            rule=_SERVES,
            level=weakest(each.level for each in fallen),
            expect=Expect.REJECT if fallen else Expect.ACCEPT,
            # The server is not judged: whatever it answered may be.
            status=(response.status,) if response else (),
            request=exchange.request,
        )

    def _finding(self, word: Word, case: Case, exchange: Exchange) -> Finding:
        level = self._contract.rules[word.about].level
        return Finding(
            rule=word.about,
            verdict=_VERDICTS[word.kind],
            reason=word.why,
            level=level,
            gate=level,
            case=case,
            exchange=exchange,
        )
