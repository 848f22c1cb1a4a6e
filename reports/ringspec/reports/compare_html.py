"""A comparison as one page of HTML that asks nothing of any network, nor of a script.

It wears the dress of the HTML report. What reports cite is escaped by the template.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ringspec.reports.compare import Comparison, Kind, Mark, Providers, Runs
from ringspec.reports.compare_text import HEADS, LISTED, WORDS, account, summary
from ringspec.reports.text import shown

_TEMPLATES = Path(__file__).parent / "templates"
_STYLES = ("report.css", "compare.css")
# How the dress of the report calls what it has another word for.
_DRESS = {Mark.KNOWN: "known-failure", Mark.WARN: "warning"}
_CASES = 5
_TEXT = 600


def render(found: Comparison, *, everything: bool = False) -> bytes:
    """Write the whole page."""
    style = "".join((_TEMPLATES / name).read_text("utf-8") for name in _STYLES)
    text = _template().render(
        found=found,
        runs=isinstance(found, Runs),
        rules=_rules(found, everything=everything),
        style=Markup(style),  # noqa: S704 - our own files
        policy=_policy(style),
        words=WORDS,
        dress=_DRESS,
        heads=HEADS,
        listed=LISTED,
        account=account,
        summary=summary,
        kinds=list(Kind),
        cases=_CASES,
    )
    return text.encode("utf-8", "backslashreplace")


def _rules(found: Comparison, *, everything: bool) -> tuple[str, ...]:
    """Return the rows of the matrix: those that differ, then the others if wanted."""
    if not isinstance(found, Providers):
        return ()
    rest = (name for name in found.rules if name not in set(found.differing))
    return (*found.differing, *(rest if everything else ()))


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["shown"] = lambda text: shown(str(text), _TEXT)
    return environment.get_template("compare.html")


def _policy(style: str) -> str:
    """Write a policy that lets in our style, by digest, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
