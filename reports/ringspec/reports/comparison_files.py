"""Comparisons as files: `ringspec-comparison/1` in JSON, Markdown, a page of HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from ringspec.reports.comparison import (
    ChangeKind,
    Column,
    Comparison,
    Providers,
    RuleChange,
    RuleMark,
    Runs,
)
from ringspec.reports.comparison_text import HEADS, LISTED, WORDS, account, summary
from ringspec.reports.files import check, write_data
from ringspec.reports.markdown import code, head, plain, row
from ringspec.reports.printable import counted
from ringspec.spec import Json, UsageError

FORMAT = "ringspec-comparison/1"
# Of the cases of a change, those that are named.
_CASES = 5
_SIGNS = {
    RuleMark.FAIL: "\N{CROSS MARK} fail",
    RuleMark.INCONCLUSIVE: "\N{WARNING SIGN} open",
    RuleMark.PASS: "\N{WHITE HEAVY CHECK MARK}",
    RuleMark.ABSENT: "",
}


def write_comparison(
    name: str, path: Path, found: Comparison, *, everything: bool = False
) -> None:
    """Write a comparison in a format to a path.

    Raises:
        UsageError: there is no such format.
        ReportError: the path cannot be written.
    """
    check_comparison(name, path)
    write_data(name, path, render_comparison(name, found, everything=everything))


def check_comparison(name: str, path: Path) -> None:
    """Find out beforehand whether a comparison can be written.

    Raises:
        UsageError: there is no such format.
        ReportError: the path does not look writable.
    """
    if name not in COMPARISON_FORMATS:
        known = ", ".join(COMPARISON_FORMATS)
        raise UsageError(f"no comparison format {name!r}", hint=f"one of: {known}")
    check(path)


def render_comparison(name: str, found: Comparison, *, everything: bool) -> bytes:
    """Return a comparison in a format that there is."""
    return COMPARISON_FORMATS[name](found, everything)


def _json(found: Comparison, _everything: bool) -> bytes:  # noqa: FBT001 - as in the table
    text = json.dumps(comparison_json(found), indent=2, ensure_ascii=False)
    # Only lone surrogates are beyond UTF-8, and JSON spells them as Python does.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def comparison_json(found: Comparison) -> dict[str, Json]:
    """Return a comparison as data: all rules, those alike too."""
    told: dict[str, Json] = {
        "format": FORMAT,
        "mode": "runs" if isinstance(found, Runs) else "providers",
        "level": found.level,
        "exit_code": found.exit_code,
        "remarks": list(found.remarks),
        "reports": [_column(each) for each in found.columns],
    }
    if isinstance(found, Runs):
        kinds = {str(kind): len(found.of(kind)) for kind in ChangeKind}
        return {**told, "counts": kinds, "changes": [*map(_change, found.changes)]}
    differing = set(found.differing) if isinstance(found, Providers) else set()
    rules = [
        {
            "id": name,
            "level": entry.level,
            "differs": name in differing,
            "outcomes": dict(zip(_labels(found), found.marks(name), strict=True)),
        }
        for name, entry in found.rules.items()
    ]
    counts = {"differing": len(differing), "alike": len(rules) - len(differing)}
    return {**told, "counts": counts, "rules": rules}


def _labels(found: Comparison) -> list[str]:
    return [column.label for column in found.columns]


def _column(column: Column) -> dict[str, Json]:
    return {
        "label": column.label,
        "path": column.path,
        "target": column.target,
        "conclusion": column.conclusion,
        "level": column.level,
        "seed": column.seed,
        "contract": {
            "title": column.title,
            "version": column.version,
            "sha256": column.sha256,
            "dialect": column.dialect or None,
        },
        "counts": {str(mark): column.counts[mark] for mark in WORDS},
    }


def _change(change: RuleChange) -> dict[str, Json]:
    return {
        "id": change.entry.id,
        "level": change.entry.level,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "new": [{"case": name, "reason": why} for name, why in change.new.items()],
        "gone": list(change.gone),
    }


def _markdown(found: Comparison, everything: bool) -> bytes:  # noqa: FBT001 - as above
    lines = _runs(found) if isinstance(found, Runs) else _providers(found, everything)
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _opening(found: Comparison) -> Iterator[str]:
    yield head("report", "conclusion", "rules", "target")
    for column in found.columns:
        cells = (code(column.label), str(column.conclusion), account(column))
        yield row(*cells, code(column.target))
    yield ""
    for each in found.remarks:
        yield f"- note: {plain(each)}"
    if found.remarks:
        yield ""


def _providers(found: Comparison, everything: bool) -> Iterator[str]:  # noqa: FBT001 - as above
    differing = found.differing if isinstance(found, Providers) else ()
    number = len(differing)
    differ = f"{counted(number, 'rule')} {'differs' if number == 1 else 'differ'}"
    yield f"## ringspec: {differ} at level {found.level}"
    yield ""
    yield from _opening(found)
    names = tuple(found.rules) if everything else differing
    if names:
        yield head("rule", "level", *map(code, _labels(found)))
    for name in names:
        marks = (_SIGNS.get(mark, WORDS[mark]) for mark in found.marks(name))
        yield row(code(name), found.rules[name].level.upper(), *marks)
    if names:
        yield ""
    same = len(found.rules) - len(differing)
    reports = counted(len(found.columns), "report")
    yield f"{counted(same, 'rule')} alike in all {reports}."


def _runs(found: Runs) -> Iterator[str]:
    yield f"## ringspec: {summary(found)}"
    yield ""
    yield from _opening(found)
    for kind, (_, said) in HEADS.items():
        changes = found.of(kind)
        if changes:
            yield f"### {kind.capitalize()}: {said}"
            yield ""
            yield head("rule", "level", "before", "after", "cases", "why")
            yield from map(_row, changes)
            yield ""
    for kind, said in LISTED.items():
        names = [code(each.entry.id) for each in found.of(kind)]
        if names:
            yield f"{kind.capitalize()}, {said}: {', '.join(names)}"
            yield ""


def _row(change: RuleChange) -> str:
    cases = list(change.new) or list(change.gone)
    more = f" and {len(cases) - _CASES:,} more" if len(cases) > _CASES else ""
    named = ", ".join(map(code, cases[:_CASES])) + more
    why = next(iter(change.new.values()), change.entry.why)
    level = change.entry.level.upper()
    marks = (WORDS[change.before], WORDS[change.after])
    return row(code(change.entry.id), level, *marks, named, plain(why))


def _html(found: Comparison, everything: bool) -> bytes:  # noqa: FBT001 - as above
    return _page(found, everything=everything)


COMPARISON_FORMATS: dict[str, Callable[[Comparison, bool], bytes]] = {
    "json": _json,
    "markdown": _markdown,
    "html": _html,
}


# How the dress of the report calls what it has another word for.
_DRESS = {RuleMark.KNOWN: "known-failure", RuleMark.WARN: "warning"}
_PAGE_CASES = 5


def _page(found: Comparison, *, everything: bool = False) -> bytes:
    """Write the whole page."""
    from ringspec.reports.html_templates import filled  # noqa: PLC0415 - slow to import

    return filled(
        "compare.html",
        styles=("report.css", "compare.css"),
        found=found,
        runs=isinstance(found, Runs),
        rules=_rules(found, everything=everything),
        words=WORDS,
        dress=_DRESS,
        heads=HEADS,
        listed=LISTED,
        account=account,
        summary=summary,
        kinds=list(ChangeKind),
        cases=_PAGE_CASES,
    )


def _rules(found: Comparison, *, everything: bool) -> tuple[str, ...]:
    """Return the rows of the matrix: those that differ, then the others if wanted."""
    if not isinstance(found, Providers):
        return ()
    rest = (name for name in found.rules if name not in set(found.differing))
    return (*found.differing, *(rest if everything else ()))
