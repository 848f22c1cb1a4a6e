"""What a run said, in a form that processes can hand to each other: plain texts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Self

from ringspec.harness import Outcome
from ringspec.reports import RuleText
from ringspec.spec import RuleId


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a run said; free of secrets.

    Attributes:
        rules: what is said of each rule that was looked at.
        notes: what was worth a line on the way, such as what is left behind.
        rest: what is of no one rule.
        conclusion: the last line, with message and hint below it.
        status: the exit status that `ringspec run` would have.
        trouble: why there was no run, or no whole one; or empty.
    """

    rules: dict[RuleId, RuleText] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rest: str = ""
    conclusion: str = ""
    status: int = 0
    trouble: str = ""

    def of(self, rule: RuleId) -> RuleText:
        """Return what is said of a rule; of one that had no turn, why."""
        why = self.trouble or "the run ended before it"
        return self.rules.get(rule) or RuleText(
            outcome=Outcome.INCONCLUSIVE, reason=why
        )

    def written(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what was written."""
        data = json.loads(text)
        rules = data.pop("rules")
        return cls(
            rules={RuleId(name): _apart(each) for name, each in rules.items()}, **data
        )


def _apart(data: dict[str, str]) -> RuleText:
    return RuleText(**{**data, "outcome": Outcome(data["outcome"])})  # type: ignore[arg-type] # as written
