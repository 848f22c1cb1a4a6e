"""The page of the reports: what each is for, and JSON's members by its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ringspec.reports import COMPARISON_FORMATS, FORMATS, MATRIX_FORMATS
from ringspec.reports.json_report import SCHEMA

# For whom a format is. A format that is not here fails the page.
_FOR = {
    "html": "people: one file that asks nothing of a network; twin and invalid body"
    " side by side",
    "json": "tools, `ringspec replay` and `ringspec compare`; described below",
    "ndjson": "live monitoring: events, a line each, written while the run goes on",
    "junit": "Jenkins, GitLab and the like: a testcase for each rule; inconclusive is"
    " an error there, never a skip",
    "har": "a browser's network panel: every exchange, byte for byte",
    "markdown": "a job's summary or a comment on a pull request, the worst first",
    "badge": "a [shields.io endpoint](https://shields.io/badges/endpoint-badge)",
}
_HEAD = """\
# Reports

`--report FORMAT=PATH`, as often as wanted, on `run`, `replay` and `serve`. Failures
with one cause are grouped. Secrets stand in none of them: tokens and
passwords are replaced before anything is written. A report that cannot be written costs
no other, and exit status 2, unless the run is nonconformant.

`--docs URL`, or the variable `RINGSPEC_DOCS`, says where this documentation is
published. HTML, Markdown, JUnit and the annotations of GitHub actions then link each
rule to its place in [Rules](rules.md).
"""
_OTHERS = """\
`ringspec run` also writes `evidence`, a folder or a `.zip`, from which
`ringspec verify` draws the [verdict anew](../certify.md). `ringspec compare` writes {},
also of a folder; `ringspec selftest` writes its matrix as {}. In GitHub actions the
causes also appear as annotations.
"""
_JSON = """\
It keeps to the JSON Schema `reports/ringspec/reports/report.schema.json`; a member is
there always, unless marked *may be left out*.
"""
# The formats of lines, in Markdown.
_LINES = Path(__file__).with_name("report_lines.txt")


def render() -> str:
    """Write the page."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    rows = [f"| `{name}` | {_FOR[name]} |" for name in FORMATS]
    parts = [
        _HEAD,
        "\n".join(("| format | for |", "|---|---|", *rows)) + "\n",
        _OTHERS.format(_names(COMPARISON_FORMATS), _names(MATRIX_FORMATS)),
        "## The JSON report\n",
        f"{schema['description']} {_JSON}",
        "\n".join(_table(schema)) + "\n",
    ]
    for name, part in schema["$defs"].items():
        if "properties" in part:
            parts += [f"### {name}\n"]
            if "description" in part:
                parts += [f"{part['description']}\n"]
            parts += ["\n".join(_table(part)) + "\n"]
    parts.append(_LINES.read_text("utf-8"))
    return "\n".join(parts)


def _names(formats: Any) -> str:
    return ", ".join(f"`{name}`" for name in formats)


def _table(part: dict[str, Any]) -> Iterator[str]:
    yield "| member | is | |"
    yield "|---|---|---|"
    for name, member in part["properties"].items():
        told = [member["description"]] if "description" in member else []
        if name not in part.get("required", ()):
            told.append("*May be left out.*")
        yield f"| `{name}` | {_form(member)} | {' '.join(told)} |"


def _form(member: dict[str, Any]) -> str:
    """Write what a member is, in short, with a link to what has a table of its own."""
    if "$ref" in member:
        name = member["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})" if name in _TABLES else _form(_DEFS[name])
    if "const" in member:
        return f"`{member['const']}`"
    if "enum" in member:
        return ", ".join(f"`{each}`" for each in member["enum"])
    if member.get("type") == "array":
        return f"list of: {_form(member['items'])}"
    kinds = member.get("type", "any value")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    inside = ", ".join(f"`{name}`" for name in member.get("properties", {}))
    return " or ".join(kinds) + (f" of {inside}" if inside else "")


_DEFS = json.loads(SCHEMA.read_text("utf-8"))["$defs"]
_TABLES = {name for name, part in _DEFS.items() if "properties" in part}
