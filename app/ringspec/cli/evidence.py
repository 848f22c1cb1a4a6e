"""Evidence: all that a run's conclusion rests on, as one folder or zip.

Its reports are made of its other files alone, by judging the recorded exchanges anew:
what is written follows, and `ringspec verify` finds the same, or what was changed.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeAlias, cast

from ringspec.harness import Made
from ringspec.harness.judging.oracle import LONG_ENOUGH
from ringspec.harness.judging.verdict import KnownList
from ringspec.harness.running.plan import Plan, part_of
from ringspec.harness.running.run import rejudged
from ringspec.harness.running.source import UnfitTapeError
from ringspec.harness.running.tape import (
    Fired,
    Tape,
    as_json,
    finding_row,
    from_json,
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
_OWN = frozenset({MANIFEST, *_FILES})
# Bytes that an evidence has at most, and files that one may hold besides its own.
_MOST, _STRANGERS = 2**28, 1000
# How the comment of a zip begins; what follows is the digest of all before it.
_SEAL = b"ringspec-evidence sha256="
_HEX = 64
_DATE = (1980, 1, 1, 0, 0, 0)
_RESEALED = "the zip itself was changed since it was written"
_TOLD = 8
_Found: TypeAlias = "tuple[dict[str, bytes], list[str]]"
# What a zip or a text may raise that is none, or tells no run.
_UNFIT = (
    *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError),
    *(RuntimeError, EOFError, zipfile.BadZipFile, zlib.error, struct.error),
)


@dataclass(frozen=True)
class EvidenceFiles:
    """The files of an evidence, by their names."""

    files: Mapping[str, bytes]

    @classmethod
    def of(cls, plan: Plan, record: Record, redactor: Redactor) -> EvidenceFiles:
        """Return the evidence of a run, free of secrets, or raise a ReportError.

        Where an answer was cut, or a secret masked in it, and it would be judged
        otherwise now, the findings of the run stand beside it.
        """
        tape = plan.tape or Tape()
        taken = [cast("Any", redactor).event(each) for each in tape.taken]
        tape = replace(tape, taken=[*taken], trouble=redactor.text(tape.trouble))
        made = cls(_written(plan, tape, record))
        found, anew = (
            {it.case.id: tuple(map(finding_row, it.findings)) for it in each.judged}
            for each in (record, made.record)
        )
        for index, it in enumerate(taken):
            if isinstance(it, Fired) and found.get(it.case.id) != anew.get(it.case.id):
                taken[index] = replace(it, found=found.get(it.case.id, ()))
        if taken != tape.taken:
            made = cls(_written(plan, replace(tape, taken=taken), record))
        reports = {it: rendered(name, made.record) for it, name in REPORTS.items()}
        files, why = {**made.files, **reports}, ""
        long = [it.encode() for it in plan.filling.secrets() if len(it) >= LONG_ENOUGH]
        for name, data in files.items():
            if any(secret in data for secret in long):
                why = f"a secret would stand in its {name}"
        outcomes = [each.outcome for each in record.result.rules]
        if outcomes != [each.outcome for each in made.record.result.rules]:
            why = "without its secrets this run does not tell the same"
        if why:
            hint = "use a token that is no word of contract or answers"
            raise ReportError(f"{why}: none was written", hint=hint)
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
            known=from_json(KnownList, json.loads(self.files["known.json"])),
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
            recorder.handle(event)
        found = recorder.record
        started = replace(found.started, made=self.plan.made)
        result = replace(found.result, duration_s=run["duration_s"], ended=run["ended"])
        return replace(found, started=started, result=result)

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        return map(json.loads, self.files[name].splitlines())


def _written(plan: Plan, tape: Tape, record: Record) -> dict[str, bytes]:
    """Return the files that the reports follow from."""
    inputs = asdict(plan.contract.inputs)
    pages = {
        "contract.json": inputs.pop("document"),
        "catalogue.json": inputs.pop("catalogue"),
        "known.json": as_json(plan.known),
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


def _manifest(files: Mapping[str, bytes]) -> bytes:
    own = sorted(files.keys() - {MANIFEST})
    sums = {name: hashlib.sha256(files[name]).hexdigest() for name in own}
    return json_page({"files": sums})


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
    files = EvidenceFiles.of(plan, record, redactor).files
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
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
        archive.comment = _SEAL + bytes(_HEX)
    return _sealed(buffer.getvalue())


def _sealed(data: bytes) -> bytes:
    """Return a zip with the digest of all before it at the end of its comment."""
    return data[:-_HEX] + hashlib.sha256(data[:-_HEX]).hexdigest().encode()


def read_evidence(path: Path) -> tuple[EvidenceFiles, list[str]]:
    """Read a folder or zip, and return what was changed; or raise a UsageError."""
    try:
        files, troubles = _folder(path) if path.is_dir() else _zip(path)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if MANIFEST not in files:
        raise _unreadable(path, f"it has no {MANIFEST}")
    return EvidenceFiles(files), [*troubles, *_sum_troubles(files)]


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{shown(str(path), 300)} is no evidence that can be read: {why}",
        hint="give what `ringspec run --report evidence=FILE.zip` wrote, or its folder",
    )


def _folder(path: Path) -> _Found:
    plain = (it for it in path.iterdir() if it.is_file() and not it.is_symlink())
    return _held(path, ((it.name, it.stat().st_size, it.read_bytes) for it in plain))


def _zip(path: Path) -> _Found:
    if not path.is_file():
        raise _unreadable(path, "it is no file" if path.exists() else "it is not there")
    if path.stat().st_size > _MOST:
        raise _unreadable(path, f"more than {_MOST:,} bytes are more than one has")
    data, files, others = path.read_bytes(), dict[str, bytes](), list[str]()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = (
                (it.filename, it.file_size, partial(archive.read, it))
                for it in archive.infolist()
            )
            files, others = _held(path, entries)
    except _UNFIT as error:
        if _SEAL not in data:
            raise _unreadable(path, f"it is no zip: {error}") from error
    if _SEAL in data:
        files.setdefault(MANIFEST, b"")
    # Another program may have packed it anew, without a comment: then the sums count.
    is_bare = data[-22:].startswith(b"PK\5\6")
    return files, others if is_bare or _sealed(data) == data else [_RESEALED, *others]


def _held(
    path: Path, entries: Iterable[tuple[str, int, Callable[[], bytes]]]
) -> _Found:
    """Return the files of an evidence, and what else is there, by names and sizes.

    What cannot be read is as good as empty.
    """
    listed = list(islice(entries, _STRANGERS))
    if (size := sum(each for _, each, _ in listed)) > _MOST:
        held = f"{counted(len(listed), 'file')} of {size:,} bytes"
        raise _unreadable(path, f"{held} are more than one has")
    files, others = dict[str, bytes](), list[str]()
    for name, _, read in listed:
        if name in files or name not in _OWN:
            others.append(f"{shown(name, 100)} is not listed")
            continue
        files[name] = b""
        with suppress(*_UNFIT):
            files[name] = read()
    return files, others


def _sum_troubles(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield which files are not as the manifest lists them."""
    due = _manifest(files)
    try:
        sums, listed = (dict(json.loads(it)["files"]) for it in (due, files[MANIFEST]))
    except _UNFIT:
        yield f"{MANIFEST} was changed: it is no list of files"
        return
    changed = [it for it in _FILES if it not in sums or sums[it] != listed.get(it)]
    for name in changed:
        why = "was changed: its sum is another" if name in sums else "is missing"
        yield f"{name} {why}"
    if not changed and due != files[MANIFEST]:
        yield f"{MANIFEST} was changed: it is not written as it was"


def not_following(evidence: EvidenceFiles, *, alike: bool) -> Iterator[str]:
    """Yield what does not follow from the recorded exchanges, the first of each kind.

    If it was made by a version `alike`, list and reports are held against what this one
    makes of them; else only conclusion, outcomes and failures.
    """
    try:
        if troubles := list(_list_troubles(evidence.plan)) if alike else []:
            yield from troubles
            return
        record = evidence.record
    except UnfitTapeError as error:
        yield f"exchanges.ndjson: {shown(str(error), 300)}"
        return
    except (RingspecError, *_UNFIT) as error:
        yield f"it cannot be judged: {shown(f'{type(error).__name__}: {error}', 300)}"
        return
    for name, form in REPORTS.items() if alike else (("report.json", "json"),):
        pair = evidence.files[name], rendered(form, record)
        if pair[0] == pair[1]:
            continue
        pairs = enumerate(zip_longest(*pair))
        at = next(number for number, (was, now) in pairs if was != now)
        found = [f"{name} is not what follows: it differs from byte {at:,} on"]
        with suppress(*_UNFIT):  # a page, or what is no report
            was, now = map(json.loads, pair)
            if not alike:
                was, now = _verdicts(was), _verdicts(now)
            told = list(islice(_differing(was, now, name), _TOLD))
            found = told if told or not alike else found
        yield from found


def _list_troubles(plan: Plan) -> Iterator[str]:
    """Yield how the list is not what contract, catalogue and seed give."""
    cases, part, quick = plan.cases, plan.part, plan.quick
    lists = (cases_of(plan.contract, plan.seed, thorough=it) for it in (False, True))
    others = []
    for listed in lists:
        due = expecting(listed, plan.success, plan.rejections)
        pairs = zip_longest(cases, due)
        others.append(next((it or of for it, of in pairs if it != of), None))
        if others[-1] is None:
            break
    if others[-1] and (case := others[0]):
        why = "is not what contract, catalogue and seed give"
        yield f"cases.ndjson: {shown(case.id, 200)} {why}"
    elif part is not None and part != part_of(cases, part.number, part.of):
        yield "run.json: the part holds other cases than its number gives"
    elif quick is not None and quick != quick_of(plan.contract, cases, plan.seed):
        yield "run.json: the quick cases are not those of the contract"


def _verdicts(report: dict[str, Any]) -> Json:
    """Return of a report what all versions have to say alike."""
    rules = {
        each["id"]: (each["outcome"], [it["case"] for it in each["failures"]])
        for each in report["rules"]
    }
    return {name: report[name] for name in ("conclusion", "level")} | {"rules": rules}


def _differing(recorded: Any, anew: Any, at: str) -> Iterator[str]:
    """Yield where two values differ, lists by what names their items."""
    was, now = map(_named, (recorded, anew))
    if isinstance(was, dict) and isinstance(now, dict):
        for name in was | now:
            yield from _differing(was.get(name), now.get(name), f"{at}, {name}")
    elif was != now:
        was, now = (shown(json.dumps(it, ensure_ascii=False), 120) for it in (was, now))
        yield f"{shown(at, 300)}: recorded {was}, recomputed {now}"


def _named(value: Any) -> Any:
    """Return a list as an object, by the names of its items, or their numbers."""
    if not isinstance(value, list):
        return value
    rows = (it if isinstance(it, dict) else {} for it in value)
    names = (row.get("id", row.get("case", at)) for at, row in enumerate(rows))
    return dict(zip(names, value, strict=True))
