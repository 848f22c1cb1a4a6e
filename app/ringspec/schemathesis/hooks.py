"""The hooks, checks, failures and the summary that schemathesis calls.

Certified cases go out in its phase `examples`. It sends them as it sends its own, with
its headers and credentials; each is then judged by the oracle of a run: a refusal
counts only if the twin was accepted, and what shows nothing leaves a rule open.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from requests.structures import CaseInsensitiveDict

import schemathesis
from ringspec.cli.exits import print_error
from ringspec.cli.run_setup import RunSetup
from ringspec.harness import Exchange, Finding, Outcome, Response, RuleResult, Verdict
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.judging.outcome import Reachability, Tally
from ringspec.harness.judging.selection import Selection, pending
from ringspec.harness.profile import load as load_profile
from ringspec.harness.sending.policy import is_loopback
from ringspec.spec import ROBUSTNESS, Contract, Level, RingspecError, check_known, short
from ringspec.strategies import Case, Drawn, Expect, Labeller, Phase
from schemathesis.core.failures import (
    AcceptedNegativeData,
    Failure,
    FailureGroup,
    Severity,
)
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

_NEVER = "none of ringspec's cases was sent: nothing was judged"
_ELSEWHERE = "it is not on this machine, and they create what they are about"
_INSTEAD = "`ringspec run --profile FILE` asks what may be done there"
# Headers that a client sets by itself, and those of credentials.
_OWN = "accept accept-encoding authorization connection content-length content-type"
_OWN += " host user-agent x-schemathesis-testcaseid"
UNSENT = "not all of its cases were sent"
# Rules that are written out; more are only counted.
_LISTED = 10


class BrokenRule(Failure):
    """The server breaks a rule: one failure a rule, however many cases show it."""

    code = "ST901"
    kind_title = "Rule broken"

    __slots__ = ("rule",)

    def __init__(self, contract: Contract, finding: Finding, operation: str) -> None:
        rule, case, twin = contract.rules[finding.rule], finding.case, finding.twin
        is_ours = case.phase is not Phase.EXPLORE
        lines = [
            rule.sentence,
            f"Source: {rule.source}",
            f"Case: {case.id if is_ours else 'a body that schemathesis made'}",
            f"Fault: {short(case.edits or case.fault, 80)}" if case.fault else "",
            f"Twin: {twin.id}, the valid body that it was made from" if twin else "",
            f"Why: {finding.reason}",
        ]
        super().__init__(
            operation=operation,
            title=f"{rule.id} ({finding.level.upper()}, {rule.evidence})",
            message="\n".join(filter(None, lines)),
            severity=Severity.HIGH if finding.level is Level.MUST else Severity.MEDIUM,
        )
        self.rule = rule.id

    @property
    def _unique_key(self) -> str:
        return self.rule


class OpenRules(Failure):
    """Rules stay open: nothing shows that they hold, or that they do not."""

    code = "ST901"
    kind_title = "ringspec: inconclusive"

    def __init__(self, results: Iterable[RuleResult], reason: str, hint: str) -> None:
        found = [(it.rule.id, it.why or it.inconclusive[0].reason) for it in results]
        listed = [f"{rule}: {why}" for rule, why in found]
        more = f"and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
        lines = [reason, *listed[:_LISTED], more, f"hint: {hint}" if hint else ""]
        message = "\n".join(filter(None, lines))
        super().__init__(operation=None, message=message, severity=Severity.MEDIUM)


class Bridge:
    """Judges one run of schemathesis.

    A hooks module has no flags: the variables that the command takes for them do. Of a
    profile only dialect, fixtures and `expect` count, the rest is for schemathesis to
    say.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        def given(name: str) -> str | None:
            return environ.get(f"RINGSPEC_{name}", "").strip() or None

        level = (given("LEVEL") or Level.MUST).lower()
        hint = f"RINGSPEC_LEVEL is one of: {', '.join(Level)}"
        check_known("level", level, Level, hint)
        self.level, contract = Level(level), given("CONTRACT")
        setup = RunSetup(
            profile=load_profile(given("PROFILE"), {"dialect": given("DIALECT")}),
            contract_file=Path(contract) if contract else None,
            operation=given("OPERATION"),
        )
        self.contract = setup.contract
        select = tuple((given("SELECT") or "").replace(",", " ").split())
        selection = Selection.of(self.contract, select, ())
        self.selected = selection.rules
        kinds = (Expect.ACCEPT, Expect.REJECT)
        fired = selection.fired(
            setup.cases,
            lambda it: it.phase is Phase.CASES and it.expect in kinds and not it.steps,
        )
        # Creates with a body, twins first.
        self.cases = {case.id: case for case in fired}
        operation = self.contract.operation
        where = f"{operation.method.upper()} {operation.path}"
        hint = f"they go out for {where}, in the phase examples"
        # Why none is sent, and a hint; None once schemathesis takes them.
        self.unsent: tuple[str, str] | None = (_NEVER, hint)
        self.has_failed = False
        self._oracle = Oracle(self.contract)
        self.reachability = Reachability(self.contract.answers)
        skipped = frozenset(self.contract.rules) - {*self.selected}
        self._tally = Tally(self.contract, self.level, skipped=skipped)
        self._judged: set[str] = set()
        self._number = 0

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.contract)

    def judge_certified(
        self, case: Case, url: str, response: Response
    ) -> list[Finding]:
        """Judge the answer to a case of ours; return what fails the run."""
        exchange = Exchange(url=url, request=case.request, response=response)
        self._judged.add(case.id)
        self.reachability.note(case, exchange)
        return self._gating(self._oracle.judge(case, exchange))

    def judge_other(
        self, content: bytes, url: str, response: Response
    ) -> list[Finding]:
        """Judge the answer to any body; return what fails the run.

        Such a body has no twin, so its refusal shows nothing: only failures count, each
        as strong as its rule where the body breaks that.
        """
        self._number += 1
        case = self._labeller.case(Drawn(content=content), self._number)
        if case is None:
            return []
        exchange = Exchange(url=url, request=case.request, response=response)
        found = self._oracle.judge(case, exchange)
        failures = (it for it in found if it.verdict is Verdict.FAIL)
        return self._gating(tuple(replace(it, gate=it.level) for it in failures))

    def expects(self, content: bytes) -> Expect | None:
        """Return what is proven of a body; None if validators do not agree."""
        case = self._labeller.case(Drawn(content=content), 0)
        return case.expect if case else None

    def _gating(self, found: tuple[Finding, ...]) -> list[Finding]:
        self._tally.add(found)
        first: dict[str, Finding] = {}
        for each in found:
            gates = each.level.gates(self.level) and each.rule in self.selected
            if each.verdict is Verdict.FAIL and gates:
                first.setdefault(each.rule, each)
        self.has_failed |= bool(first)
        return list(first.values())

    def results(self) -> tuple[RuleResult, ...]:
        """Return the result of each rule, as far as it was judged."""
        left = [case for name, case in self.cases.items() if name not in self._judged]
        # A case that was not sent says nothing of robustness, nor against it.
        rules = pending(left, self.selected) - {ROBUSTNESS}
        return self._tally.results(UNSENT, rules)

    def open_rules(self) -> list[RuleResult]:
        """Return the rules that are neither shown to hold nor to be broken."""
        return [each for each in self.results() if each.outcome is Outcome.INCONCLUSIVE]

    def summary(self) -> Iterator[str]:
        """Yield the lines about our rules for schemathesis' summary."""
        results = self.results()
        found = [each.outcome for each in results]
        shown = (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
        counts = ", ".join(f"{found.count(outcome)} {outcome}" for outcome in shown)
        sent = f"{len(self._judged)} of {len(self.cases)} certified cases"
        stopped = self.has_failed and len(self._judged) < len(self.cases)
        more = "; --continue-on-failure sends all" if stopped else ""
        yield f"  ringspec: rules at level {self.level}: {counts} ({sent}{more})"
        for each in results:
            if each.outcome is Outcome.FAIL:
                yield f"    fail {each.rule.id}: {each.gating(self.level)[0].reason}"
            elif warnings := each.warnings(self.level):
                weaker = warnings[0].level.upper()
                yield f"    warning {each.rule.id} ({weaker}): {warnings[0].reason}"


# Settings and cases are read at once: a mistake in them ends the command. Schemathesis
# shows a traceback for what a hook raises, and none for an exit.
try:
    BRIDGE = Bridge(os.environ)
except RingspecError as _error:
    print_error(_error)
    raise SystemExit(_error.exit_code) from _error
# Schemathesis may have several workers.
_LOCK = Lock()


def _is_ours(operation: Any) -> bool:
    """Return whether an operation of a schema is the one of the contract."""
    ours = BRIDGE.contract.operation
    is_same_method = operation.method.upper() == ours.method.upper()
    # A schema may have in its paths a part that ours leaves to the server's URL.
    return bool(is_same_method and operation.path.endswith(ours.path))


@schemathesis.hook
def before_add_examples(
    context: schemathesis.HookContext, examples: list[schemathesis.Case[Any]]
) -> None:
    """Add the certified cases to the examples of their operation."""
    operation: Any = context.operation
    if operation is None or not _is_ours(operation):
        return
    url = str(operation.base_url or "")
    # An application in this process has no address at all.
    if operation.app is None and not is_loopback(url):
        why = f"ringspec's cases are not sent to {url}: {_ELSEWHERE}"
        BRIDGE.unsent = (why, _INSTEAD)
        return
    BRIDGE.unsent = None
    # Schemathesis begins with the last one.
    for case in reversed(BRIDGE.cases.values()):
        # Credentials are for schemathesis to add.
        known = case.request.headers
        open_ = re.compile(r"\{token|\{RINGSPEC_")
        headers = {name: value for name, value in known if not open_.search(value)}
        media_type = headers.pop("Content-Type", None)
        made = operation.Case(
            method=case.request.method,
            headers=CaseInsensitiveDict(headers),
            body=case.body,
            media_type=media_type,
        )
        # It shows in reports, and names the case to its `replay`.
        made.id = case.id
        examples.append(made)


@schemathesis.check
def ringspec_rules(
    ctx: schemathesis.CheckContext,
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """Fail for each rule that an answer shows to be broken."""
    del ctx
    if not _is_ours(case.operation):
        return
    headers = response.headers.items()
    answer = Response(
        status=response.status_code,
        headers=tuple((name, value) for name, values in headers for value in values),
        body=response.content or b"",
    )
    url = str(response.request.url)
    known, content = BRIDGE.cases.get(case.id), _body(case, response)
    with _LOCK:
        found = BRIDGE.judge_certified(known, url, answer) if known else []
        if known is None and content is not None:
            found = BRIDGE.judge_other(content, url, answer)
    contract, label = BRIDGE.contract, case.operation.label
    if found:
        raise FailureGroup([BrokenRule(contract, each, label) for each in found])


@schemathesis.check
class ringspec_run:  # noqa: N801 - its name is that of the check
    """Fails for the rules that stay open, unless a rule is known to be broken."""

    def after_run(self, ctx: schemathesis.CheckContext) -> None:
        """Judge the run as a whole."""
        del ctx
        if BRIDGE.unsent is not None:
            raise OpenRules((), *BRIDGE.unsent)
        left = [] if BRIDGE.has_failed else BRIDGE.open_rules()
        if left:
            raise OpenRules(left, *BRIDGE.reachability.account())


def _body(
    case: schemathesis.Case[Any], response: schemathesis.Response
) -> bytes | None:
    """Return the body that was sent; None if another part of the request is odd."""
    request, operation = response.request, BRIDGE.contract.operation
    known = {header.name.lower(): header.value for header in operation.headers}
    has_odd_header = any(
        name.lower() not in _OWN.split() and value != known.get(name.lower())
        for name, value in case.headers.items()
    )
    media_type = str(request.headers.get("Content-Type", "")).split(";")[0].strip()
    is_regular = (
        str(request.method).upper() == operation.method.upper()
        and media_type.lower() == operation.media_type
        and not has_odd_header
        and not case.query
    )
    content = request.body.encode() if isinstance(request.body, str) else request.body
    return content if is_regular and isinstance(content, bytes) else None


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> bool:
    """Drop schemathesis' failures about bodies for which no source says the same.

    By the letter of a schema a body is right or wrong; by its sources perhaps neither.
    """
    del context
    if not isinstance(failure, AcceptedNegativeData | RejectedPositiveData):
        return True
    meta = case.meta
    if not _is_ours(case.operation) or meta is None:
        return True
    wrong = {each for each, part in meta.components.items() if part.mode.is_negative}
    if wrong - {ParameterLocation.BODY}:
        return True  # something else is wrong on purpose
    content = _body(case, response)
    is_positive = isinstance(failure, RejectedPositiveData)
    wanted = Expect.ACCEPT if is_positive else Expect.REJECT
    return content is None or BRIDGE.expects(content) is wanted


# Pytest does without the command, and without a summary.
if "schemathesis.cli" in sys.modules:
    from schemathesis import cli

    @cli.handler()
    class RuleSummary(cli.EventHandler[Any]):
        """Writes at the end how many rules hold, and warnings."""

        def handle_event(self, ctx: Any, event: Any) -> None:
            """Add the lines when all is done."""
            if type(event).__name__ == "EngineFinished" and BRIDGE.unsent is None:
                for line in BRIDGE.summary():
                    ctx.add_summary_line(line)
