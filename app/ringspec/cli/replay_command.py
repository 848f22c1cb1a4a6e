"""`ringspec replay`: fire again one case, or all that failed in a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import click

from ringspec.cli.manual import TROUBLE_EXITS, ManualCommand
from ringspec.cli.options import (
    completer,
    contract_options,
    credential_options,
    level_type,
    pace_options,
    profile_option,
)
from ringspec.cli.outputs import output_options, report_run
from ringspec.cli.run_setup import FireOptions
from ringspec.harness.profile import Profile
from ringspec.harness.running.plan import Plan, lacking_rules
from ringspec.harness.running.run import run
from ringspec.harness.sending.hosts import is_loopback
from ringspec.reports import (
    FailedCase,
    PastRun,
    Replay,
    ReplayRequest,
    read_report,
    shown,
)
from ringspec.spec import Contract, Level, RuleId, UsageError, dialect_names, nearest
from ringspec.strategies import Case

_EXPLORE = "explore/"


@click.command(
    "replay",
    cls=ManualCommand,
    exits=(
        ("0", "nothing fails any longer"),
        ("1", "something still fails, or fails anew"),
        *TROUBLE_EXITS,
    ),
    examples=(
        ("ringspec replay report.json", "what failed, at the same server"),
        (
            "ringspec replay name.type/number http://127.0.0.1:8000",
            "one case, with its twin",
        ),
    ),
)
@click.argument(
    "arguments",
    metavar="CASE-ID...|REPORT.json [URL]",
    nargs=-1,
    shell_complete=completer(tuple, files=True),
)
@click.option(
    "--case",
    "chosen",
    metavar="ID",
    multiple=True,
    help="Only this case of the report (repeatable).",
)
@click.option(
    "--level",
    type=level_type,
    envvar="RINGSPEC_LEVEL",
    help="What counts as a failure; by default what does in the report.",
)
@click.option("--seed", type=int, help="That of the run; a report holds its own.")
@profile_option
@credential_options
@contract_options
@pace_options
@output_options
def command(**options: Any) -> int:
    """Fire again some cases, or all that failed in a JSON report.

    At the server at URL; without one, the profile's, else that of the report if it is
    on this machine, and for cases the embedded reference server. Twins are fired with
    them, so that a refusal can be judged. It says of each case what has changed.
    """
    return ReplayOptions(**options).status()


@dataclass(frozen=True)
class _Aim:
    """What is fired again at whom."""

    ids: tuple[str, ...]
    report: Path | None
    url: str | None

    @classmethod
    def of(cls, arguments: tuple[str, ...], chosen: tuple[str, ...]) -> Self:
        """Tell a URL, a report and the ids of cases apart."""
        urls = [each for each in arguments if "://" in each]
        others = [each for each in arguments if "://" not in each]
        reports = [each for each in others if _is_report(each)]
        ids = tuple(each for each in others if each not in reports)
        if len(urls) > 1 or len(reports) > 1:
            raise UsageError(
                f"there is more than one {'URL' if len(urls) > 1 else 'report'}",
                hint="replay them one after the other",
            )
        if reports and ids:
            raise UsageError(
                f"{shown(ids[0], 200)} stands beside a report",
                hint=f"to replay that case of it alone, write --case {ids[0]}",
            )
        if chosen and not reports:
            raise UsageError(
                "--case chooses from a report, and there is none",
                hint="without a report, give the ids alone",
            )
        if not reports and not ids:
            raise UsageError(
                "there is nothing to be replayed",
                hint="give the id of a case, or a JSON report",
            )
        report = Path(reports[0]) if reports else None
        return cls(ids or chosen, report, urls[0] if urls else None)


def _is_report(argument: str) -> bool:
    return argument.endswith(".json") or Path(argument).is_file()


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """The cases to be fired again.

    Attributes:
        more: those of them that no list has.
        levels: how strongly the rules bind that these break.
        note: what is to be said beforehand.
    """

    level: Level
    asked: ReplayRequest
    more: tuple[Case, ...] = ()
    levels: Mapping[str, dict[RuleId, Level]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplayOptions(FireOptions):
    """The options of `ringspec replay`."""

    arguments: tuple[str, ...]
    chosen: tuple[str, ...]
    level: str | None

    def status(self) -> int:
        """Replay, report, and return the exit status."""
        aim = _Aim.of(self.arguments, self.chosen)
        wanted = self.report_paths()
        past = read_report(aim.report) if aim.report else None
        setup, profile = self.setup, self.setup.profile
        address = _address(aim, past, profile)
        if past is not None:
            setup = replace(
                setup,
                operation=self.operation or (past.operation if self.contract else None),
                dialect=profile.dialect or _dialect(past, aim.report),
                seed=past.seed if self.seed is None else self.seed,
            )
        with setup.server(address) as resolve:
            choice = self._choice(aim, past, setup.contract, setup.cases)
            if choice.note:
                click.echo(f"note: {choice.note}", err=True)
            if not choice.asked.ids:
                return 3
            url, credentials = resolve()
            filling, redactor = setup.access(url, credentials)
            plan = Plan(
                contract=setup.contract,
                cases=(*setup.cases, *choice.more),
                url=url,
                filling=filling,
                level=choice.level,
                seed=setup.seed,
                safety=profile.safety,
                pacing=profile.pacing,
                route=profile.route.to(url),
                found=choice.levels,
            )
            asked = _fit(choice.asked, plan)
            only = frozenset(asked.ids) - asked.unfit.keys()
            replay = Replay(
                asked,
                redactor=redactor,
                quiet=self.quiet,
                verbose=self.verbose,
                color=self.color,
            )
            events = run(replace(plan, only=only))
            status, _ = report_run(events, wanted, replay, redactor)
        return 3 if status == 0 and replay.is_open else status

    def _choice(
        self,
        aim: _Aim,
        past: PastRun | None,
        contract: Contract,
        cases: tuple[Case, ...],
    ) -> _Choice:
        """Choose the cases, and the level that none of them is too weak for."""
        listed = {case.id: case for case in cases}
        failed = past.failed if past else {}
        if past is not None:
            _check_title(past, contract, aim.report)
        _check_ids(aim.ids, listed, failed, contract)
        own = [past.level if past else Level.MUST]
        own += [(failed.get(each) or listed[each]).level for each in aim.ids]
        level = Level(self.level) if self.level else max(own, key=lambda it: it.rank)
        asked = tuple(dict.fromkeys(aim.ids))
        if past is None:
            return _Choice(level=level, asked=ReplayRequest(ids=asked))
        asked = asked or tuple(it.id for it in failed.values() if it.gating(level))
        changed = past.sha256 != contract.sha256
        again = [past.failed[each] for each in asked if each in past.failed]
        unfit = {
            each.id: why
            for each in again
            if (why := _unfit(each, listed, changed=changed))
        }
        # What explore made has no twin: that the plain body is accepted has to do.
        found = [
            replace(it.found, twin=cases[0].id, fault=None)
            for it in again
            if it.found and it.id not in unfit
        ]
        return _Choice(
            level=level,
            asked=ReplayRequest(
                ids=asked,
                before={each.id: each.gating(level) for each in again},
                unfit=unfit,
            ),
            more=tuple(found),
            levels={each.id: _levels(each, contract) for each in again if each.found},
            note="; ".join(_notes(aim, asked, level, (past, contract))),
        )


def _notes(
    aim: _Aim, asked: tuple[str, ...], level: Level, between: tuple[PastRun, Contract]
) -> Iterator[str]:
    past, contract = between
    if not asked:
        yield f"nothing failed at level {level} in {aim.report}: nothing was sent"
    elif past.sha256 != contract.sha256:
        digests = f"{contract.sha256[:12]}, not {past.sha256[:12]}"
        yield f"the contract is not the one of {aim.report}: sha256 {digests}"
        yield "cases that differ are left out"


def _fit(asked: ReplayRequest, plan: Plan) -> ReplayRequest:
    """Leave out the cases that we lack the credentials for."""
    lacking = lacking_rules(plan)
    own = {case.id: lacking.get(case.rule, "") for case in plan.cases}
    unfit = {each: own[each] for each in asked.ids if own.get(each)}
    return replace(asked, unfit={**unfit, **asked.unfit})


def _address(aim: _Aim, past: PastRun | None, given: Profile) -> str | None:
    """Return the URL of the target; None for the embedded server."""
    if aim.url is not None or past is None or given.url:
        return given.address(aim.url)
    if not is_loopback(past.target):
        raise UsageError(
            f"the target of the report, {shown(past.target, 300)}, is not on this"
            " machine: nothing was sent",
            hint="a create may ring real phones; name a server on this machine",
        )
    return past.target


def _dialect(past: PastRun, path: Path | None) -> str | None:
    """Return the dialect of a report, which keeps its name alone.

    Raises:
        UsageError: it was a file's.
    """
    if past.dialect in {None, *dialect_names()}:
        return past.dialect
    raise UsageError(
        f"{path} was made with the dialect {past.dialect!r}, which stood in a file",
        hint="name that file with --dialect",
    )


def _check_title(past: PastRun, contract: Contract, path: Path | None) -> None:
    if past.title != contract.title:
        raise UsageError(
            f"{path} is of the contract {shown(past.title, 100)!r}, not of"
            f" {contract.title!r}",
            hint="give the contract of the report with --contract FILE",
        )


def _check_ids(
    ids: Iterable[str],
    listed: Mapping[str, Case],
    failed: Mapping[str, FailedCase],
    contract: Contract,
) -> None:
    """Make sure that there are such cases, or say which are nearest."""
    for each in ids:
        if each in listed or each in failed:
            continue
        hint = "; ".join(_advice(each, [*failed, *listed], contract))
        raise UsageError(f"there is no case {shown(each, 200)!r}", hint=hint)


def _advice(name: str, known: list[str], contract: Contract) -> Iterator[str]:
    if name.startswith(_EXPLORE):
        yield "what explore found is replayed from the JSON report of its run"
        return
    own = [each for each in known if each.startswith(f"{name}/")]
    near = own[:3] or nearest(name, known, most=3)
    if near:
        yield f"{'its cases are' if own else 'is it'} {', '.join(near)}"
    if RuleId(name) in contract.rules:
        yield f"a whole rule is fired by `ringspec run --select {name}`"
    elif not near:
        yield "`ringspec cases` lists them; those of another seed need --seed"


def _unfit(failed: FailedCase, listed: Mapping[str, Case], *, changed: bool) -> str:
    """Say why a case cannot be fired again, if so."""
    if failed.unfit:
        return failed.unfit
    if failed.found is not None:
        why = "what explore found was held against another contract"
        return why if changed else ""
    case = listed.get(failed.id)
    if case is None:
        return "the contract has no such case any more, or the seed was another"
    sent = failed.request
    same = case.steps or sent is None or _sends(case) == (sent.method, sent.body)
    return "" if same else "the contract has another case of that id now"


def _sends(case: Case) -> tuple[str, bytes]:
    return case.request.method.upper(), case.request.body


def _levels(failed: FailedCase, contract: Contract) -> dict[RuleId, Level]:
    """Return how strongly the rules bind that a body breaks which explore found."""
    broken = failed.found.broken if failed.found else ()
    known = {
        each: contract.rules[each].level for each in broken if each in contract.rules
    }
    return {**known, **failed.levels}
