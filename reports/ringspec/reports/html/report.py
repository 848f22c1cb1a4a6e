"""The HTML report: one file that asks nothing of any network.

What a target sent is text to the page, whatever it holds: the template escapes it, the
script only sets text, and the page's own policy lets no other script or style in.
"""

from __future__ import annotations

from markupsafe import Markup

from ringspec.reports.html.case import SLOTS
from ringspec.reports.html.page import page
from ringspec.reports.pages import filled
from ringspec.reports.record import Record


def render(record: Record) -> bytes:
    """Write the whole report."""
    laid_out = page(record)
    return filled(
        "report.html",
        styles=("report.css",),
        script="report.js",
        page=laid_out,
        island=Markup(laid_out.island),  # noqa: S704 - its markup is escaped as JSON
        empty=dict.fromkeys(SLOTS, ""),
    )
