"""Evidence: all that a run's conclusion rests on, as one folder or zip.

Its reports are made of its other files alone, by judging the recorded exchanges anew:
what is written follows, and `ringspec verify` finds the same, or what was changed.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any, TypeAlias, cast

from ringspec.harness import Ended, Finding, Known, Made, Started
from ringspec.harness.judging.oracle import LONG_ENOUGH
from ringspec.harness.judging.verdict import KnownList
from ringspec.harness.running.plan import Plan, part_of
from ringspec.harness.running.run import rejudged
from ringspec.harness.running.source import UnfitTapeError
from ringspec.harness.running.tape import (
    Fired,
    Row,
    Tape,
    finding_row,
    plan_row,
    read_plan,
    read_taken,
)
from ringspec.reports import (
    Record,
    Recorder,
    Redactor,
    counted,
    json_line,
    json_page,
    put,
    refused,
    rendered,
    shown,
    write_obstacle,
)
from ringspec.spec import Inputs, Json, ReportError, RingspecError, UsageError
from ringspec.strategies import cases_of, expecting, line, parse_case, quick_of

FORMAT = "ringspec-evidence/1"
MANIFEST = "manifest.json"
REPORTS = {"report.json": "json", "report.html": "html", "report.har": "har"}
_FILES = (
    *("run.json", "contract.json", "catalogue.json", "known.json"),
    *("cases.ndjson", "exchanges.ndjson", *REPORTS),
)
# Bytes that an evidence has at most, and files that one may hold besides its own.
_MOST, _STRANGERS = 2**28, 1000
# How the comment of a zip begins; what follows is the digest of all before it.
_SEAL = b"ringspec-evidence sha256="
_HEX = 64
_DATE = (1980, 1, 1, 0, 0, 0)
_RESEALED = "the zip itself was changed since it was written"
_TOLD = 5
_WORD = "use a token that is no word of contract or answers"
_ABSENT = object()
_SINGULAR = {"rules": "rule", "failures": "case", "inconclusive": "case"}
_Found: TypeAlias = "tuple[dict[str, bytes], list[str]]"
_OWN = frozenset({MANIFEST, *_FILES})
# What a file that is no zip, or no whole one, may raise; and one that tells no run.
_NO_FILE = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, ValueError, RuntimeError),
)
_UNFIT = (
    *(LookupError, TypeError, ValueError, AttributeError),
    *(ArithmeticError, RecursionError),
)


@dataclass(frozen=True)
class Evidence:
    """The files of an evidence, by their names."""

    files: Mapping[str, bytes]

    @classmethod
    def of(cls, plan: Plan, record: Record, redactor: Redactor) -> Evidence:
        """Return the evidence of a run, free of secrets, or raise a ReportError.

        Where an answer was cut, or a secret masked in it, and it would be judged
        otherwise now, the findings of the run stand beside it.
        """
        tape = plan.tape or Tape()
        taken = [cast("Any", redactor).event(each) for each in tape.taken]
        tape = replace(tape, taken=[*taken], trouble=redactor.text(tape.trouble))
        made = cls(_written(plan, tape, record))
        found = {it.case.id: it.findings for it in record.judged}
        anew = {it.case.id: it.findings for it in made.record.judged}
        for index, it in enumerate(taken):
            name = it.case.id if isinstance(it, Fired) else ""
            if _said(found.get(name, ())) != _said(anew.get(name, ())):
                taken[index] = replace(it, found=found.get(name, ()))
        if taken != tape.taken:
            made = cls(_written(plan, replace(tape, taken=taken), record))
        outcomes = [each.outcome for each in record.result.rules]
        if outcomes != [each.outcome for each in made.record.result.rules]:
            raise ReportError(
                "without its secrets this run does not tell the same: none was written",
                hint=_WORD,
            )
        reports = {it: rendered(name, made.record) for it, name in REPORTS.items()}
        files = {**made.files, **reports}
        long = [it.encode() for it in plan.filling.secrets() if len(it) >= LONG_ENOUGH]
        for name, data in files.items():
            if any(secret in data for secret in long):
                raise ReportError(
                    f"a secret would stand in its {name}: none was written",
                    hint=_WORD,
                )
        return cls({**files, MANIFEST: _manifest(files)})

    @cached_property
    def run(self) -> dict[str, Any]:
        """How the run was made."""
        return cast("dict[str, Any]", json.loads(self.files["run.json"]))

    def made_by(self) -> str:
        """Return the version that made it, or raise a UsageError for a later format."""
        try:
            form, made_by = self.run["format"], self.run["made"]["ringspec"]
        except _UNFIT:
            return ""
        if form != FORMAT:
            raise UsageError(
                f"this is of the format {shown(str(form), 60)}, not {FORMAT}",
                hint="a later version of ringspec may read it",
            )
        return str(made_by)

    @cached_property
    def plan(self) -> Plan:
        """The plan of the run; `SpecError` for a contract that is none."""
        run = self.run
        known = json.loads(self.files["known.json"])
        contract = Inputs(
            document=json.loads(self.files["contract.json"]),
            catalogue=json.loads(self.files["catalogue.json"]),
            **run["contract"],
        ).contract()
        return read_plan(
            run["plan"],
            contract=contract,
            cases=tuple(map(parse_case, self._rows("cases.ndjson"))),
            made=Made(**run["made"]),
            known=KnownList(
                entries=tuple(
                    Known(**{**row, "expires": _day(row["expires"])})
                    for row in known["known"]
                ),
                today=_day(known["today"]),
                renews=known["renews"],
            ),
        )

    @cached_property
    def tape(self) -> Tape:
        """What the run got from outside."""
        listed = {each.id: each for each in self.plan.cases}
        rows = self._rows("exchanges.ndjson")
        return Tape(taken=[read_taken(row, listed) for row in rows], **self.run["tape"])

    @cached_property
    def record(self) -> Record:
        """The run as judged anew, at the times when it was made."""
        recorder, run = Recorder(docs=self.run["docs"]), self.run
        for event in rejudged(self.plan, self.tape):
            match event:
                case Started():
                    recorder.handle(replace(event, made=Made(**run["made"])))
                case Ended(result=result):
                    times = {name: run[name] for name in ("duration_s", "ended")}
                    recorder.handle(Ended(result=replace(result, **times)))
                case _:
                    recorder.handle(event)
        return recorder.record

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(self.files[name].splitlines(), 1):
            try:
                yield json.loads(row)
            except ValueError as error:
                raise ValueError(f"{name} line {number}: {error}") from error


def _written(plan: Plan, tape: Tape, record: Record) -> dict[str, bytes]:
    """Return the files that the reports follow from."""
    inputs, known = asdict(plan.contract.inputs), plan.known
    pages = {
        "contract.json": inputs.pop("document"),
        "catalogue.json": inputs.pop("catalogue"),
        "known.json": {
            "today": known.today and str(known.today),
            "renews": known.renews,
            "known": [
                {**asdict(it), "expires": it.expires and str(it.expires)}
                for it in known.entries
            ],
        },
        "run.json": {
            "format": FORMAT,
            "made": asdict(record.started.made),
            "ended": record.result.ended,
            "duration_s": record.result.duration_s,
            "docs": record.docs,
            "plan": {**plan_row(plan), "url": record.started.target},
            "contract": inputs,
            "tape": {name: it for name, it in vars(tape).items() if name != "taken"},
        },
    }
    return {
        **{name: json_page(page) for name, page in pages.items()},
        "cases.ndjson": b"".join(line(it).encode() + b"\n" for it in plan.cases),
        "exchanges.ndjson": b"".join(map(json_line, tape.rows(plan.cases))),
    }


def _said(findings: Iterable[Finding]) -> list[Row]:
    return list(map(finding_row, findings))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return json_page(
        {
            "files": {
                name: {"sha256": hashlib.sha256(it).hexdigest(), "bytes": len(it)}
                for name, it in files.items()
            }
        }
    )


def check_evidence(path: Path) -> None:
    """Raise a ReportError if no evidence can be written to a path."""
    if path.suffix == ".zip":
        why = write_obstacle(path)
    elif path.is_dir():
        strangers = [it.name for it in path.iterdir() if it.name not in _OWN]
        why = f"the folder holds {shown(strangers[0], 100)}" if strangers else ""
        why = why or write_obstacle(path / MANIFEST)
    else:
        why = "it is a file" if path.exists() else write_obstacle(path)
    if why:
        raise refused(path, "evidence", why)


def write_evidence(path: Path, plan: Plan, redactor: Redactor, record: Record) -> None:
    """Write the evidence of a run, or raise a ReportError."""
    check_evidence(path)
    files = Evidence.of(plan, record, redactor).files
    try:
        if path.suffix == ".zip":
            put(path, _packed(files))
            return
        path.mkdir(exist_ok=True)
        for name, data in files.items():
            put(path / name, data)
    except OSError as error:
        raise refused(path, "evidence", error) from error


def _packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip, the same for the same files, and sealed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
        archive.comment = _SEAL + bytes(_HEX)
    data = buffer.getvalue()[:-_HEX]
    return data + hashlib.sha256(data).hexdigest().encode()


def read_evidence(path: Path) -> tuple[Evidence, list[str]]:
    """Read a folder or zip, and return what was changed; or raise a UsageError."""
    try:
        files, troubles = _folder(path) if path.is_dir() else _zip(path)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if MANIFEST not in files:
        raise _unreadable(path, f"it has no {MANIFEST}")
    return Evidence(files), [*troubles, *_sum_troubles(files)]


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{shown(str(path), 300)} is no evidence that can be read: {why}",
        hint="give what `ringspec run --report evidence=FILE.zip` wrote, or its folder",
    )


def _folder(path: Path) -> _Found:
    entries = list(islice(path.iterdir(), _STRANGERS))
    plain = [it for it in entries if it.is_file() and not it.is_symlink()]
    if (size := sum(it.stat().st_size for it in plain)) > _MOST:
        raise _unreadable(path, f"{size:,} bytes are more than one has")
    others = sorted(it.name for it in entries if it not in plain)
    troubles = [f"{shown(it, 100)} is no plain file" for it in others]
    return {it.name: it.read_bytes() for it in plain}, troubles


def _zip(path: Path) -> _Found:
    if not path.is_file():
        raise _unreadable(path, "it is no file" if path.exists() else "it is not there")
    if path.stat().st_size > _MOST:
        raise _unreadable(path, f"more than {_MOST:,} bytes are more than one has")
    data = path.read_bytes()
    seal = hashlib.sha256(data[:-_HEX]).hexdigest().encode()
    sealed = data[:-_HEX].endswith(_SEAL)
    whole = sealed and data.endswith(seal)
    files, troubles = dict[str, bytes](), [] if whole or not sealed else [_RESEALED]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Another program may have packed it anew, without a comment.
            bare = not archive.comment and data[-22:].startswith(b"PK\5\6")
            troubles += [] if sealed or bare else [_RESEALED]
            entries = archive.infolist()
            size = sum(each.file_size for each in entries)
            if size > _MOST or len(entries) > _STRANGERS:
                held = f"{counted(len(entries), 'file')} of {size:,} bytes"
                raise _unreadable(path, f"{held} are more than one has")
            for each in entries:
                if each.filename in files or each.filename not in _OWN:
                    troubles.append(f"{shown(each.filename, 100)} is not listed")
                else:
                    files[each.filename] = _unpacked(archive, each)
    except _NO_FILE as error:
        if not sealed:
            raise _unreadable(path, f"it is no zip: {error}") from error
    if sealed and not whole:
        files.setdefault(MANIFEST, b"")
    return files, troubles


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return a file of a zip; what cannot be read is as good as empty."""
    try:
        return archive.read(entry)
    except _NO_FILE:
        return b""


def _sum_troubles(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield which files are not as the manifest lists them."""
    own = {name: it for name, it in files.items() if name != MANIFEST}
    sums = json.loads(_manifest(own))["files"]
    try:
        manifest = json.loads(files[MANIFEST])
        listed = dict(manifest["files"])
        is_same = json_page({"files": listed}) == files[MANIFEST]
    except _UNFIT:
        yield f"{MANIFEST} was changed: it is no list of files"
        return
    for name in sorted({*own, *listed, *_FILES}):
        why = "is missing" if name in listed else "is not listed"
        if name not in own or name not in listed:
            yield f"{shown(name, 100)} {why}"
        elif sums[name] != listed[name]:
            yield f"{shown(name, 100)} was changed: its sum is another"
    if not is_same:
        yield f"{MANIFEST} was changed: it is not written as it was"


def not_following(evidence: Evidence, *, alike: bool) -> Iterator[str]:
    """Yield what does not follow from the recorded exchanges, the first of each kind.

    If it was made by a version `alike`, list and reports are held against what this one
    makes of them; else only conclusion, outcomes and failures.
    """
    files, told = evidence.files, 0
    try:
        if alike and (why := _list_trouble(evidence.plan)):
            yield why
            return
        record = evidence.record
    except UnfitTapeError as error:
        yield f"exchanges.ndjson: {shown(str(error), 300)}"
        return
    except (RingspecError, *_UNFIT) as error:
        yield f"it cannot be judged: {shown(f'{type(error).__name__}: {error}', 300)}"
        return
    for name, form in REPORTS.items() if alike else (("report.json", "json"),):
        anew = rendered(form, record)
        if anew == files[name]:
            continue
        found: Iterable[str] = ()
        if form != "html":
            with suppress(*_UNFIT):
                read = (json.loads(files[name]), json.loads(anew))
                was, now = read if alike else map(_verdicts, read)
                found = list(islice(_differing(was, now, (name,)), _TOLD))
        told += bool(found)
        yield from found
        if alike and not found and not told:
            pairs = enumerate(zip_longest(files[name], anew))
            at = next(number for number, (was, now) in pairs if was != now)
            yield f"{name} is not what follows: it differs from byte {at:,} on"


def _list_trouble(plan: Plan) -> str:
    """Return how the list differs from what contract, catalogue and seed give."""
    due = expecting(cases_of(plan.contract, plan.seed), plan.success, plan.rejections)
    pairs = zip_longest(plan.cases, due)
    if case := next((it or other for it, other in pairs if it != other), None):
        due_by = "is not what contract, catalogue and seed give"
        return f"cases.ndjson: {shown(case.id, 200)} {due_by}"
    part, quick = plan.part, plan.quick
    if part is not None and part != part_of(plan.cases, part.number, part.of):
        return "run.json: the part holds other cases than its number gives"
    if quick is not None and quick != quick_of(plan.contract, plan.cases, plan.seed):
        return "run.json: the quick cases are not those of the contract"
    return ""


def _verdicts(report: dict[str, Any]) -> Json:
    """Return of a report what all versions have to say alike."""
    rules = {
        each["id"]: (each["outcome"], [it["case"] for it in each["failures"]])
        for each in report["rules"]
    }
    return {name: report[name] for name in ("conclusion", "level")} | {"rules": rules}


def _differing(recorded: Any, anew: Any, at: tuple[str, ...]) -> Iterator[str]:
    """Yield where two values differ: the conclusion first, then rules and cases."""
    if recorded == anew:
        return
    pair = (_named(recorded), _named(anew))
    if not all(isinstance(each, dict) for each in pair):
        was, now = map(_value, (recorded, anew))
        yield f"{shown(', '.join(at), 300)}: recorded {was}, recomputed {now}"
        return
    names = dict.fromkeys(chain(*pair))
    for name in sorted(names, key=lambda it: (it != "conclusion", it != "rules")):
        was, now = (each.get(name, _ABSENT) for each in pair)
        below = at if name in _SINGULAR else (*at, name)
        if at[-1] in _SINGULAR:
            below = (*at[:-1], f"{_SINGULAR[at[-1]]} {name}")
        yield from _differing(was, now, (*at, name) if name in _SINGULAR else below)


def _named(value: Any) -> Any:
    """Return a list of what has names as an object."""
    if not isinstance(value, list):
        return value
    for name in ("id", "case"):
        if all(isinstance(each, dict) and name in each for each in value):
            return {str(each[name]): each for each in value}
    # Exchanges of a HAR are told by the cases that they are of.
    told = (it.get("comment", "") if isinstance(it, dict) else "" for it in value)
    cases = (re.split("[:;]", text, maxsplit=1)[0] for text in told)
    numbered = enumerate(zip(cases, value, strict=True))
    return {f"{number} {case}".strip(): it for number, (case, it) in numbered}


def _value(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, dict):
        value = value.get("reason", value)
    return shown(json.dumps(value, ensure_ascii=False), 120)
