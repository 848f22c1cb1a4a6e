"""The kill matrix as files: `ringspec-matrix/1` in JSON, and one page of HTML.

In: a matrix. Out: bytes. The JSON is as matrix.schema.json describes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from ringspec.reports.files import check, write_data
from ringspec.reports.matrix.model import Kind, Mark, Matrix, Trial
from ringspec.reports.text import visible
from ringspec.spec import Json, UsageError

FORMAT = "ringspec-matrix/1"
SCHEMA = Path(__file__).parent / "matrix.schema.json"

_CSS = """
:root { color-scheme: light dark; --text: #1b1b1b; --ground: #fff; --muted: #555;
  --line: #ddd; --bad: #b00020; --odd: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ee; --ground: #14171c; --muted: #a3a9b3; --line: #333942;
    --bad: #ff8a80; --odd: #e5a55b; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem;
  padding: 0 1rem; color: var(--text); background: var(--ground);
  overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.wide td { min-width: 5rem; overflow-wrap: normal; }
table { border-collapse: collapse; margin: 1rem 0 2rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
  border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
tr.survived td:first-child, tr.false-alarm td:first-child { color: var(--bad); }
tr.misnamed td:first-child { color: var(--odd); }
small { color: var(--muted); display: block; }
""".strip()


def render_json(matrix: Matrix) -> bytes:
    """Write the matrix as JSON."""
    text = json.dumps(report(matrix), indent=2, ensure_ascii=False, allow_nan=False)
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def report(matrix: Matrix) -> dict[str, Json]:
    """Return the matrix as data."""
    contract, took = matrix.contract, matrix.requests
    return {
        "format": FORMAT,
        "level": matrix.level,
        "contract": {
            "title": contract.title,
            "version": contract.version,
            "sha256": contract.sha256,
            "dialect": contract.dialect,
        },
        "interrupted": matrix.interrupted,
        "duration_s": round(matrix.duration_s, 3),
        "counts": _counts(matrix),
        "levels": [
            {
                "level": each.level,
                "mutants": each.mutants,
                "noticed": each.noticed,
                "named": each.named,
            }
            for each in matrix.levels
        ],
        "requests": {
            "median": took.median,
            "worst": took.worst,
            "whole": took.whole,
            "minimum": took.minimum,
        },
        "cover": [name for name, _ in matrix.cover],
        "trials": [_trial(each) for each in matrix.trials],
        "unisolated": [
            {"rule": rule, "reason": reason}
            for rule, reason in (matrix.unisolated if matrix.whole else ())
        ],
        "equivalents": [
            {"name": name, "reason": reason}
            for name, reason in matrix.equivalents.items()
        ],
    }


def _counts(matrix: Matrix) -> dict[str, Json]:
    mutants = matrix.of(Kind.MUTANT)
    return {
        "mutants": len(mutants),
        "noticed": sum(bool(each.noticed) for each in mutants),
        "named": len(matrix.marked(Mark.NOTICED)),
        "lawful": len(matrix.of(Kind.LAWFUL)),
        "false_alarms": len(matrix.marked(Mark.FALSE_ALARM)),
    }


def _trial(trial: Trial) -> dict[str, Json]:
    bound = trial.kind is Kind.MUTANT
    return {
        "kind": trial.kind,
        "name": trial.name,
        "mark": trial.mark,
        "rule": trial.rule or None,
        "binding": trial.binding if bound else None,
        "defect": trial.defect,
        "level": trial.level,
        "way": trial.way,
        "at_its_level": trial.named_at(trial.binding) if bound else None,
        "exit_code": trial.exit_code,
        "noticed": [
            {"rule": rule, "level": level} for rule, level in trial.noticed.items()
        ],
        "cases": list(trial.cases),
        "until": trial.until,
        "requests": trial.requests,
        "reason": trial.reason,
    }


def render_html(matrix: Matrix) -> bytes:
    """Write the matrix as one page that needs nothing else."""
    page = "\n".join(_page(matrix))
    return page.encode("utf-8", "backslashreplace") + b"\n"


def _page(matrix: Matrix) -> Iterator[str]:
    title = _safe(f"Kill matrix of {matrix.contract.title} {matrix.contract.version}")
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>"
    yield f"<style>{_CSS}</style></head><body>"
    yield f"<h1>{title}</h1>"
    yield from _figures(matrix)
    yield '<div class="wide" tabindex="0" role="region" aria-label="Servers">'
    yield "<table><thead><tr><th>outcome</th><th>server</th><th>rule expected</th>"
    yield '<th>rules that noticed</th><th class="number">requests</th></tr></thead>'
    yield "<tbody>"
    for mark in Mark:
        for trial in matrix.marked(mark):
            yield _line(trial)
    yield "</tbody></table></div>"
    if matrix.whole and matrix.unisolated:
        yield "<h2>Rules without a mutant that they alone notice</h2><ul>"
        for rule, reason in matrix.unisolated:
            yield f"<li>{_code(rule)}<small>{_safe(reason)}</small></li>"
        yield "</ul>"
    if matrix.equivalents:
        yield "<h2>Defects that no request can show</h2><ul>"
        for name, reason in matrix.equivalents.items():
            yield f"<li>{_code(name)}<small>{_safe(reason)}</small></li>"
        yield "</ul>"
    yield "</body></html>"


def _figures(matrix: Matrix) -> Iterator[str]:
    counts, took = _counts(matrix), matrix.requests
    cut = " Interrupted: some servers are missing." if matrix.interrupted else ""
    yield (
        f"<p>{counts['noticed']} of {counts['mutants']} mutants noticed at level "
        f"{matrix.level}, {counts['named']} by their rule; {counts['false_alarms']} "
        f"false alarms on {counts['lawful']} lawful variants and the reference. "
        f"Requests until noticed: median {took.median:g}, worst {took.worst}; a whole "
        f"run {took.whole}, the least that could do {took.minimum}.{cut}</p>"
    )
    yield "<table><thead><tr><th>level</th>"
    for head in ("mutants", "noticed", "by their rule"):
        yield f'<th class="number">{head}</th>'
    yield "</tr></thead><tbody>"
    for each in matrix.levels:
        cells = _numbers(each.mutants, each.noticed, each.named)
        yield f"<tr><td>{each.level}</td>{cells}</tr>"
    yield "</tbody></table>"


def _line(trial: Trial) -> str:
    noticed = ", ".join(map(_code, trial.noticed)) or _safe(trial.reason)
    until = "" if trial.until is None else str(trial.until)
    return (
        f'<tr class="{trial.mark.replace(" ", "-")}"><td>{trial.mark}</td>'
        f"<td>{_code(trial.name)}<small>{_safe(trial.defect)}</small></td>"
        f"<td>{_code(trial.rule) if trial.rule else ''}</td><td>{noticed}</td>"
        f"{_numbers(until)}</tr>"
    )


def _numbers(*numbers: int | str) -> str:
    return "".join(f'<td class="number">{each}</td>' for each in numbers)


def _code(text: str) -> str:
    return f"<code>{_safe(text)}</code>"


def _safe(text: str) -> str:
    return escape(visible(text))


# What renders each format of a matrix.
MATRIX_FORMATS: dict[str, Callable[[Matrix], bytes]] = {
    "json": render_json,
    "html": render_html,
}


def check_matrix(name: str, path: Path) -> None:
    """Find out before the runs whether a matrix can be written.

    Raises:
        UsageError: there is no such format.
        ReportError: the path does not look writable.
    """
    if name not in MATRIX_FORMATS:
        known = ", ".join(MATRIX_FORMATS)
        raise UsageError(f"no format {name!r} of a matrix", hint=f"one of: {known}")
    check(path)


def write_matrix(name: str, path: Path, matrix: Matrix) -> None:
    """Write a matrix in a format to a path.

    Raises:
        ReportError: the path cannot be written.
    """
    write_data(name, path, MATRIX_FORMATS[name](matrix))
