"""What is done and judged."""

from ringspec.harness.events import Ended, Event, Judged, Notice, Started, Titled
from ringspec.harness.exchange import Exchange, Failure, Played, Response, Trouble
from ringspec.harness.ledger import EXPIRED, GONE
from ringspec.harness.outcome import EXITS, conclude
from ringspec.harness.recording import Account, Told, Word
from ringspec.harness.verdict import (
    Conclusion,
    Counts,
    Finding,
    Known,
    Outcome,
    Renewal,
    Result,
    RuleResult,
    Share,
    Stale,
    Standing,
    Verdict,
)

__all__ = [
    "EXITS",
    "EXPIRED",
    "GONE",
    "Account",
    "Conclusion",
    "Counts",
    "Ended",
    "Event",
    "Exchange",
    "Failure",
    "Finding",
    "Judged",
    "Known",
    "Notice",
    "Outcome",
    "Played",
    "Renewal",
    "Response",
    "Result",
    "RuleResult",
    "Share",
    "Stale",
    "Standing",
    "Started",
    "Titled",
    "Told",
    "Trouble",
    "Verdict",
    "Word",
    "conclude",
]
