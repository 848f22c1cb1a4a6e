"""The impression a target makes as a whole: whether it is there, and is this API.

In: exchanges as they come. Out: whether anything was learnt of the API, and if not,
why, in words. Source: product.md, the table of exit statuses.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from ringspec.harness.exchange import Exchange, Failure, Response, Trouble
from ringspec.harness.judgements import NO_JUDGEMENT
from ringspec.harness.selection import ROBUSTNESS
from ringspec.harness.verdict import Finding, Verdict
from ringspec.strategies import Case, Expect, Phase, status_fits

# What says nothing of an API when there is no other answer.
_EMPTY_STATUSES = NO_JUDGEMENT | {404}
_BROKEN = {Trouble.DROPPED, Trouble.GARBLED}

_TROUBLES = {
    Trouble.UNREACHABLE: "is the server running, and the port right?",
    Trouble.NAME: "is the host spelt right?",
    Trouble.TLS: "http where https is due, or the reverse, or an unknown certificate?",
    Trouble.TIMEOUT: "the server takes connections and does not answer; see --timeout",
    Trouble.DROPPED: "the server closes connections: is it an HTTP server at all?",
    Trouble.GARBLED: "that is no answer of an API: is the port right?",
}
_STATUSES = {
    3: "redirects are not followed: give the URL that they lead to",
    5: "the server fails at everything: what does its own log say?",
    401: "check the token or the client's credentials",
    404: "is the URL right, mount prefix included?",
    407: "is there a proxy on the way?",
    429: "the target limits its callers: is there a pace it allows?",
}


def _tells(failure: Failure) -> bool:
    """Tell whether even a first failure shows that somebody is there, and errs."""
    if failure.trouble == Trouble.TLS:
        return False
    return failure.some or failure.trouble in _BROKEN


@dataclass
class Impression:
    """What all exchanges so far say of the target.

    Attributes:
        looking: whether nothing is created, so that whatever answers as it should is
            the API.
        in_a_row: cases without an answer since the last one that had one.
        broken: whether the target itself misbehaved, rather than not being there.
        failure: the transport's last failure.
    """

    looking: bool = False
    answered: int = 0
    in_a_row: int = 0
    broken: bool = False
    failure: Failure | None = None
    _html: int = 0
    _fits: bool = False
    _statuses: Counter[int] = field(default_factory=Counter)

    def note(self, case: Case, exchange: Exchange) -> None:
        """Take in an exchange."""
        if exchange.is_withheld:
            return
        if exchange.response is not None:
            self._answer(case, exchange.response)
        elif exchange.failure is not None:
            self.failure = exchange.failure
            self.in_a_row += 1
            self.broken |= self.answered > 0 or _tells(exchange.failure)

    def _answer(self, case: Case, response: Response) -> None:
        self.answered += 1
        self.in_a_row = 0
        self.broken |= response.status >= 500
        media = response.header("content-type") or ""
        self._html += media.lower().startswith("text/html")
        self._fits |= status_fits(response.status, case.status)
        cases = self.looking or case.phase == Phase.CASES
        if case.expect != Expect.SURVIVE and cases:
            # What is no HTTP or no JSON is often refused before any routing.
            self._statuses[response.status] += 1

    def fair(self, finding: Finding) -> Finding:
        """Hold nothing against a target that may not be there at all."""
        fails = finding.rule == ROBUSTNESS and finding.verdict == Verdict.FAIL
        if self.broken or not fails:
            return finding
        return replace(finding, verdict=Verdict.INCONCLUSIVE)

    @property
    def learnt(self) -> bool:
        """Tell whether any answer says something of the API."""
        if self.looking:
            return self._fits
        return any(
            status // 100 == 2 or (status // 100 == 4 and status not in _EMPTY_STATUSES)
            for status in self._statuses
        )

    def account(self) -> tuple[str, str]:
        """Return what is odd about the answers as a whole, and a hint."""
        if not self.answered:
            return "", _TROUBLES[self.failure.trouble] if self.failure else ""
        if not self.learnt:
            return self._emptiness()
        if self._html == self.answered:
            return "every answer was HTML", "is the URL that of the API?"
        if not self.looking and not any(
            status // 100 == 2 for status in self._statuses
        ):
            return "no valid body was accepted", "check dialect, fixtures and URL"
        return "", ""

    def _emptiness(self) -> tuple[str, str]:
        listed = " or ".join(str(status) for status in sorted(self._statuses))
        most = max(self._statuses, key=lambda each: self._statuses[each], default=0)
        hint = _STATUSES.get(most) or _STATUSES.get(most // 100, "")
        return f"every answer was HTTP {listed}", hint
