"""`ringspec replay`: fire again one case, or all that failed in a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from ringspec.cli.options import Given, completer, screen, subcommand, typed
from ringspec.cli.outputs import Outputs, report_run
from ringspec.cli.run_setup import FireOptions, RunSetup
from ringspec.harness.running.plan import Plan
from ringspec.harness.running.run import run
from ringspec.harness.running.whole import Whole, run_each
from ringspec.harness.sending.policy import is_loopback
from ringspec.reports import (
    FailedCase,
    Replay,
    Report,
    failed_cases,
    read_report,
    shown,
    stages,
)
from ringspec.spec import (
    Contract,
    Level,
    RuleId,
    UsageError,
    dialect_names,
    leading,
    nearest,
    operations_of,
)
from ringspec.strategies import Case, Request, otherwise

_EXPLORE = "explore/"
_INCONCLUSIVE = 3


@subcommand("replay")
@click.argument(
    "arguments",
    metavar="CASE-ID...|REPORT.json [URL]",
    nargs=-1,
    shell_complete=completer(tuple, files=True),
)
def command(given: Given) -> int:
    """Fire again some cases, or all that failed in a JSON report."""
    with stages(given.color, quiet=given.quiet) as tell:
        return ReplayOptions(**vars(given), tell=tell).status()


class ReplayOptions(FireOptions):
    """The options of `ringspec replay`."""

    def status(self) -> int:
        """Replay, report, and return the exit status."""
        ids, path, url = _ids_report_url(self.arguments, self.chosen)
        lead = f"{self.operation}/"
        ids = tuple(dict.fromkeys(each.removeprefix(lead) for each in ids))
        wanted = self.wanted
        past = read_report(path) if path else None
        failed = failed_cases(past)
        setup, address = self._setup(past, path, url)
        if past is not None and not ids:
            level = Level(self.level or past["level"])
            ids = tuple(name for name, it in failed.items() if it.gating(level))
            if not ids:
                note = f"nothing failed at level {level} in {path}"
                click.echo(f"note: {note}: nothing was sent", err=True)
                return _INCONCLUSIVE
        with setup.server(address) as resolve:
            parts = _parts(setup, ids)
            plans = {
                lead: self._plan(part, _own(ids, lead), past, path)
                for lead, part in parts.items()
            }
            level = max((it.level for it in plans.values()), key=lambda it: it.rank)
            before: dict[str, dict[RuleId, str]] | None = None
            if past is not None:
                before = {it.id: it.gating(level) for it in failed.values()}
            url, credentials = resolve()
            filling, redactor = setup.access(url, credentials)
            self.tell("")
            unfit, fired = dict[str, str](), list[Plan]()
            for lead, made in plans.items():
                own, why = _own(ids, lead), dict[str, str]()
                plan = replace(made, level=level)
                if past is not None:
                    known = failed_cases(past, lead)
                    again = [known[each] for each in own if each in known]
                    plan, why = _again(plan, again, past, path)
                plan = setup.filled(plan, url, filling, redactor)
                lacking = plan.lacking_rules()
                rules = {it.id: it.rule for it in plan.cases}
                lacks = (it for it in own if rules.get(it) in lacking)
                why = {**{it: lacking[rules[it]] for it in lacks}, **why}
                fired.append(replace(plan, only=frozenset(own) - why.keys()))
                unfit |= {f"{lead}{each}": it for each, it in why.items()}
            replay = Replay(
                ids,
                before,
                unfit,
                stdout=screen(wanted),
                redactor=redactor,
                quiet=self.quiet,
                verbose=self.verbose,
                color=self.color,
            )
            whole = Whole(plans=tuple(fired))
            events = run_each(whole) if whole.is_several else run(fired[0])
            status, _ = report_run(events, Outputs(wanted, replay, redactor, self.docs))
        return _INCONCLUSIVE if status == 0 and replay.is_open else status

    def _setup(
        self, past: Report | None, path: Path | None, url: str | None
    ) -> tuple[RunSetup, str | None]:
        """Return set-up and address, by a report where no option goes before it."""
        setup, profile = self.setup, self.setup.profile
        if past is None:
            return setup, profile.address(url)
        if url is not None or profile.url:
            address = profile.address(url)
        elif is_loopback(past["target"]):
            address = past["target"]
        else:
            raise UsageError(
                f"the target of the report, {shown(past['target'], 300)}, is not on"
                " this machine: nothing was sent",
                hint="a create may ring real phones; name a server on this machine",
            )
        contract = past["contract"]
        dialect = profile.dialect or contract["dialect"]
        if not profile.dialect and dialect not in {None, *dialect_names()}:
            # A report keeps its name alone.
            raise UsageError(
                f"{path} was made with the dialect {dialect!r}, which stood in a file",
                hint="name that file with --dialect",
            )
        named = contract.get("operation") if self.contract else None
        seed = past["seed"] if self.seed is None else self.seed
        operation = self.operation or named or None
        profile = replace(profile, dialect=dialect)
        return replace(setup, profile=profile, operation=operation, seed=seed), address

    def _plan(
        self,
        setup: RunSetup,
        ids: tuple[str, ...],
        past: Report | None,
        path: Path | None,
    ) -> Plan:
        """Return the plan, at a level that none of the cases is too weak for."""
        failed = failed_cases(past, setup.contract.prefix)
        contract, listed = setup.contract, {case.id: case for case in setup.cases}
        if any(it not in listed and not it.startswith(_EXPLORE) for it in ids):
            # A thorough run may have sent it.
            setup = replace(setup, loaded=contract, thorough=True)
            listed = {case.id: case for case in setup.cases}
        if past is not None and past["contract"]["title"] != contract.title:
            title = shown(past["contract"]["title"], 100)
            raise UsageError(
                f"{path} is of the contract {title!r}, not of {contract.title!r}",
                hint="give the contract of the report with --contract FILE",
            )
        for each in ids:
            if each not in listed and each not in failed:
                name, known = contract.prefix + each, (*failed, *listed)
                led = [contract.prefix + it for it in known]
                hint = "; ".join(_advice(name, led, contract))
                raise UsageError(f"there is no case {shown(name, 200)!r}", hint=hint)
        levels = [Level(past["level"]) if past else Level.MUST]
        levels += [(failed.get(each) or listed[each]).level for each in ids]
        weakest = max(levels, key=lambda each: each.rank)
        return setup.plan(level=Level(self.level) if self.level else weakest)


def _parts(setup: RunSetup, ids: Iterable[str]) -> dict[str, RunSetup]:
    """Return the set-up of each operation that ids are of, by what leads these."""
    file = setup.contract_file
    known = operations_of(file, setup.profile.dialect) if file else []
    leads = dict.fromkeys(leading(each, known) for each in ids)
    if setup.operation or "" in leads:
        return {"": setup}
    parts = {f"{each}/": replace(setup, operation=each) for each in leads}
    return {
        lead: replace(part, loaded=replace(part.contract, prefix=lead))
        for lead, part in parts.items()
    }


def _own(ids: Iterable[str], lead: str) -> tuple[str, ...]:
    return tuple(it.removeprefix(lead) for it in ids if it.startswith(lead))


def _ids_report_url(
    arguments: tuple[str, ...], chosen: tuple[str, ...]
) -> tuple[tuple[str, ...], Path | None, str | None]:
    # A host and its port are meant for a URL, and told so.
    urls = [each for each in arguments if re.search(r"://|^[\w.]+:\d+($|/)", each)]
    others = [each for each in arguments if each not in urls]
    reports = [
        each for each in others if each.endswith(".json") or Path(each).is_file()
    ]
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
    return ids or chosen, report, urls[0] if urls else None


def _advice(name: str, known: list[str], contract: Contract) -> Iterator[str]:
    if name.startswith(_EXPLORE):
        yield "what explore found is replayed from the JSON report of its run"
        return
    own = [each for each in known if each.startswith(f"{name}/")]
    near = own[:3] or nearest(name, known, most=3)
    if near:
        yield f"{'its cases are' if own else 'is it'} {', '.join(near)}"
    if RuleId(name.removeprefix(contract.prefix)) in contract.rules:
        options = typed(click.get_current_context())
        where = re.findall(r"\S+://\S+", options.pop("", ""))
        words = ("ringspec run", *where, "--select", name, *options.values())
        yield f"a whole rule is fired by `{' '.join(filter(None, words))}`"
    elif not near:
        yield "`ringspec cases` lists them; those of another seed need --seed"


def _again(
    plan: Plan, again: list[FailedCase], past: Report, path: Path | None
) -> tuple[Plan, dict[str, str]]:
    """Add to a plan what explore found; return why some cases are unfit."""
    contract, sent = plan.contract, {each.id: each.request for each in again}
    cases = [
        _as_sent(contract, case, turn, sent.get(case.id))
        for turn, case in enumerate(plan.cases)
    ]
    listed = {case.id: case for case in cases}
    digests = {it["id"]: it["sha256"] for it in past.get("operations", ())}
    sha256 = digests.get(contract.operation.id, past["contract"]["sha256"])
    changed = sha256 != contract.sha256
    if changed:
        both = f"{contract.sha256[:12]}, not {sha256[:12]}"
        note = f"the contract is not the one of {path}: sha256 {both}"
        click.echo(f"note: {note}; cases that differ are left out", err=True)
    unfit: dict[str, str] = {}
    found: list[Case] = []
    for each in again:
        if why := _unfit(each, listed.get(each.id), changed=changed):
            unfit[each.id] = why
        elif each.found is not None:
            broken = (contract.rules.get(it) for it in each.found.broken)
            levels = {it.id: it.level for it in broken if it} | each.levels
            # Explored bodies have no twin: the plain body has to be accepted.
            twin = plan.cases[0].id
            found.append(replace(each.found, twin=twin, fault=None, levels=levels))
    return replace(plan, cases=(*cases, *found)), unfit


def _as_sent(contract: Contract, case: Case, turn: int, sent: Request | None) -> Case:
    """Return a case with the other values that a run sent it with, if it did."""
    if sent is None or case.steps or sent.body == case.request.body:
        return case
    other = otherwise(contract, case, turn)
    return other if other and other.request.body == sent.body else case


def _unfit(failed: FailedCase, case: Case | None, *, changed: bool) -> str:
    """Return why a case cannot be fired again; empty if it can."""
    if failed.unfit or failed.found:
        why = "what explore found was held against another contract"
        return failed.unfit or (why if changed else "")
    if case is None:
        return "the contract has no such case any more, or the seed was another"
    sent, now = failed.request, case.request
    same = sent and (now.method.upper(), now.body) == (sent.method, sent.body)
    # A live run numbers a text of a body that it has sent before.
    is_same = case.steps or sent is None or same or not changed
    return "" if is_same else "the contract has another case of that id now"
