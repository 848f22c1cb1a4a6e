"""Templates that escape what they cite: pages with a policy, and screens."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from inspect import isfunction
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from rich.console import Console
from rich.text import Text

from ringspec.reports import case_text, causes, markdown, printable
from ringspec.reports.console import hanging, line
from ringspec.reports.curl import curl
from ringspec.reports.printable import harmless, shown, visible

# Characters of a cited text that the filter `shown` leaves.
_TEXT = 600
_TEMPLATES = Path(__file__).parent / "templates"
# Every template has their functions.
_MODULES = (printable, case_text, causes, markdown)
# A style, with the text that has it; what is visible has none of these characters.
_STYLED = re.compile("(?:\x02(.*?)\x03)?([^\x02\x04]+)\x04?")


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


def macros(template: str, **names: Any) -> Any:
    """Return the macros of a template, which know some more names, as functions."""
    return _environment().get_template(template, globals=names).module


def told(console: Console, template: str, **more: Any) -> None:
    """Print a filled template: what follows a tab wraps beside what stands before."""
    text = _screen().get_template(template).render(width=console.width, **more)
    for each in text.removesuffix("\n").split("\n") if text else ():
        head, tab, value = (
            Text.assemble(*((it, style) for style, it in _STYLED.findall(part)))
            for part in each.partition("\t")
        )
        if tab:
            hanging(console, head, value)
        else:
            line(console, head)


def _styled(text: str, style: str) -> Markup:
    return Markup(f"\x02{style}\x03{_safe(text)}\x04") if text else Markup()  # noqa: S704 - it is visible


def _safe(text: object) -> Markup:
    return text if isinstance(text, Markup) else Markup(visible(str(text)))  # noqa: S704 - as above


@cache
def _screen() -> Environment:
    made = _environment().overlay(autoescape=True, finalize=_safe)
    made.filters |= {"styled": _styled, "dim": lambda text: _styled(text, "dim")}
    return made


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
    quotes = {'"': "&quot;", "\n": "&#10;"}
    # An attribute's value, or a text, as XML has it.
    made.filters["xml"] = lambda value, *, text=False: escape(
        harmless(value), {} if text else quotes
    )
    made.filters["code"] = markdown.code
    for each in _MODULES:
        made.globals |= {name: it for name, it in vars(each).items() if isfunction(it)}
    made.globals["curl"] = curl
    return made


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
