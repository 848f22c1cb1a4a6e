"""Comparisons as files: `ringspec-comparison/1` in JSON, Markdown, a page of HTML.

The page asks nothing of any network, and has no script; it shares the style of the HTML
report. The template escapes what reports cite.
"""

from __future__ import annotations

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
from ringspec.reports.files import check, check_format, write_data
from ringspec.reports.markdown import code, head, plain, row
from ringspec.reports.printable import counted, json_page, listed
from ringspec.spec import Json

FORMAT = "ringspec-comparison/1"
# Of the cases of a change, those that are named.
_CASES = 5
_SIGNS = {
    RuleMark.FAIL: "\N{CROSS MARK} fail",
    RuleMark.INCONCLUSIVE: "\N{WARNING SIGN} open",
    RuleMark.PASS: "\N{WHITE HEAVY CHECK MARK}",
    RuleMark.ABSENT: "",
}
# The style's classes of marks, where they are other than the mark.
_CLASSES = {RuleMark.KNOWN: "known-failure", RuleMark.WARN: "warning"}


def write_comparison(
    name: str, path: Path, found: Comparison, *, everything: bool = False
) -> None:
    """Write a comparison; raise a UsageError or ReportError if it cannot be."""
    check_comparison(name, path)
    write_data(name, path, render_comparison(name, found, everything=everything))


def check_comparison(name: str, path: Path) -> None:
    """Raise a UsageError or ReportError if a comparison cannot be written."""
    check_format(name, COMPARISON_FORMATS, f"comparison format {name!r}")
    check(path)


def render_comparison(name: str, found: Comparison, *, everything: bool) -> bytes:
    """Return a comparison in one of its formats."""
    return COMPARISON_FORMATS[name](found, everything=everything)


def _json(found: Comparison, **_options: bool) -> bytes:
    """Write all rules, those alike too."""
    opening: dict[str, Json] = {
        "format": FORMAT,
        "mode": "runs" if isinstance(found, Runs) else "providers",
        "level": found.level,
        "exit_code": found.exit_code,
        "remarks": list(found.remarks),
        "reports": [_column(each) for each in found.columns],
    }
    if isinstance(found, Runs):
        kinds = {str(kind): len(found.of(kind)) for kind in ChangeKind}
        changes = list(map(_change, found.changes))
        return json_page({**opening, "counts": kinds, "changes": changes})
    differing = _differing(found)
    labels = [column.label for column in found.columns]
    rules = [
        {
            "id": name,
            "level": entry.level,
            "differs": name in differing,
            "outcomes": dict(zip(labels, found.marks(name), strict=True)),
        }
        for name, entry in found.rules.items()
    ]
    counts = {"differing": len(differing), "alike": len(rules) - len(differing)}
    return json_page({**opening, "counts": counts, "rules": rules})


def _differing(found: Comparison) -> tuple[str, ...]:
    return found.differing if isinstance(found, Providers) else ()


def _column(column: Column) -> dict[str, Json]:
    report, contract = column.report, column.report["contract"]
    return {
        "label": column.label,
        "path": column.path,
        **{name: report[name] for name in ("target", "conclusion", "level", "seed")},
        "contract": {
            **{name: contract[name] for name in ("title", "version", "sha256")},
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


def _markdown(found: Comparison, *, everything: bool) -> bytes:
    if isinstance(found, Runs):
        lines = _runs(found)
    else:
        rules = tuple(found.rules) if everything else _differing(found)
        lines = _providers(found, rules)
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _opening(found: Comparison) -> Iterator[str]:
    yield head("report", "conclusion", "rules", "target")
    for column in found.columns:
        report = column.report
        cells = (code(column.label), report["conclusion"], account(column))
        yield row(*cells, code(report["target"]))
    yield ""
    for each in found.remarks:
        yield f"- note: {plain(each)}"
    if found.remarks:
        yield ""


def _providers(found: Comparison, rules: tuple[str, ...]) -> Iterator[str]:
    number = len(_differing(found))
    differ = f"{counted(number, 'rule')} {'differs' if number == 1 else 'differ'}"
    yield f"## ringspec: {differ} at level {found.level}"
    yield ""
    yield from _opening(found)
    if rules:
        labels = (code(column.label) for column in found.columns)
        yield head("rule", "level", *labels)
        for name in rules:
            marks = (_SIGNS.get(mark, WORDS[mark]) for mark in found.marks(name))
            yield row(code(name), found.rules[name].level.upper(), *marks)
        yield ""
    same = counted(len(found.rules) - number, "rule")
    yield f"{same} alike in all {counted(len(found.columns), 'report')}."


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
            yield from map(_change_row, changes)
            yield ""
    for kind, said in LISTED.items():
        names = [code(each.entry.id) for each in found.of(kind)]
        if names:
            yield f"{kind.capitalize()}, {said}: {', '.join(names)}"
            yield ""


def _change_row(change: RuleChange) -> str:
    entry = change.entry
    cases = listed(list(map(code, change.new or change.gone)), _CASES)
    why = next(iter(change.new.values()), entry.why)
    marks = (WORDS[change.before], WORDS[change.after])
    return row(code(entry.id), entry.level.upper(), *marks, cases, plain(why))


def _html(found: Comparison, *, everything: bool) -> bytes:
    from ringspec.reports.html_templates import filled  # noqa: PLC0415 - slow to import

    rules = _differing(found)
    if everything and isinstance(found, Providers):
        rules += tuple(name for name in found.rules if name not in set(rules))
    return filled(
        "compare.html",
        styles=("report.css", "compare.css"),
        found=found,
        runs=isinstance(found, Runs),
        rules=rules,
        words=WORDS,
        dress=_CLASSES,
        heads=HEADS,
        listed=LISTED,
        account=account,
        summary=summary,
        cases=_CASES,
    )


COMPARISON_FORMATS: dict[str, Callable[..., bytes]] = {
    "json": _json,
    "markdown": _markdown,
    "html": _html,
}
