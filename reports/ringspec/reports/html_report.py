"""The HTML report: one file that asks nothing of any network.

What a target sent is text to the page, whatever it holds: the template escapes it, the
script only sets text, and the page's own policy lets no other script or style in.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ringspec.reports.html_case import SLOTS
from ringspec.reports.html_page import page
from ringspec.reports.record import Record

_TEMPLATES = Path(__file__).parent / "templates"


def render(record: Record) -> bytes:
    """Write the whole report."""
    laid_out = page(record)
    style, script = _asset("report.css"), _asset("report.js")
    text = _template().render(
        page=laid_out,
        island=Markup(laid_out.island),  # noqa: S704 - its markup is escaped as JSON
        empty=dict.fromkeys(SLOTS, ""),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=_policy(style, script),
    )
    return text.encode("utf-8", "backslashreplace")


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
    return environment.get_template("report.html")


@cache
def _asset(name: str) -> str:
    """Read what stands in an element of its own; its digest is that of its text."""
    return (_TEMPLATES / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Write a policy that lets in our style and script, by digest, and nothing else.

    The icon is empty, so that no browser asks the server for one.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_digest(style)}",
            f"script-src {_digest(script)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
