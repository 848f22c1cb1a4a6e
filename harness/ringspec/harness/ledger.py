"""The ledger: failures that are known before a run begins, and what they excuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ringspec.harness.verdict import Finding, Known

# Why an entry is stale.
GONE = "it no longer fails"
EXPIRED = "it expired on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What is known beforehand.

    Attributes:
        today: the day of the run; without it nothing expires.
        renews: whether what fails anew is taken in, and what no longer does dropped.
    """

    entries: tuple[Known, ...] = ()
    today: date | None = None
    renews: bool = False

    @property
    def in_force(self) -> tuple[Known, ...]:
        """Those that excuse something: what has expired does not."""
        return tuple(each for each in self.entries if not self.has_expired(each))

    def has_expired(self, known: Known) -> bool:
        """Tell whether the last day of an entry is over."""
        if self.today is None or known.expires is None:
            return False
        return self.today > known.expires

    def excuses(self, finding: Finding) -> bool:
        """Tell whether a failure does not gate."""
        return any(each.covers(finding) for each in self.in_force)
