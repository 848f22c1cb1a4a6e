"""Pages of HTML: templates that escape what they cite, and a policy of their own."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ringspec.reports.printable import counted, shown, visible

# Characters of a cited text that the filter `shown` leaves.
_TEXT = 600
_TEMPLATES = Path(__file__).parent / "templates"


def filled(
    template: str, *, styles: tuple[str, ...] = (), script: str = "", **more: Any
) -> bytes:
    """Fill a template; its style and script are files beside it.

    No other gets in, whatever a target sent: the page's policy names ours by digest.
    """
    style = "".join((_TEMPLATES / name).read_text("utf-8") for name in styles)
    code = (_TEMPLATES / script).read_text("utf-8") if script else ""
    policy = (
        "default-src 'none'",
        f"style-src {_digest(style)}",
        *([f"script-src {_digest(code)}"] if code else ()),
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        *(["require-trusted-types-for 'script'"] if code else ()),
    )
    text = (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own files
            script=Markup(code),  # noqa: S704 - our own file
            policy="; ".join(policy),
            **more,
        )
    )
    return text.encode("utf-8", "backslashreplace")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["shown"] = lambda text, limit=_TEXT: shown(str(text), limit)
    made.filters["visible"] = visible
    made.globals["counted"] = counted
    return made


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
