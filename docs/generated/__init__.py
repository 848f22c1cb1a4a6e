"""Pages that the build of the site renders from the program: none is kept in git."""

from __future__ import annotations

from collections.abc import Callable

from . import command_page, reports_page, rules_page

# From a page's path below docs to its Markdown.
PAGES: dict[str, Callable[[], str]] = {
    "reference/command.md": command_page.render,
    "reference/reports.md": reports_page.render,
    "reference/rules.md": rules_page.render,
}
