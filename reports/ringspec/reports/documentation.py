"""Where the documentation of rules is published, for reports to link to.

Its base is whatever the user says it is: the page of the rules below it has an anchor
for each rule, as `docs/reference/rules.md` of this project does.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ringspec.spec import UsageError

_PAGE = "reference/rules/"
# What may stand in the address, so that no report has to escape it by rules of its own.
_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./~%+-]*)?", re.ASCII)


def checked_docs(base: str) -> str:
    """Return the base of a documentation, without a slash at its end.

    Raises:
        UsageError: it is no plain address of the web.
    """
    if not _ADDRESS.fullmatch(base) or not urlsplit(base).hostname:
        raise UsageError(
            f"no documentation can be at {base!r}",
            hint="give the http or https address of its first page, such as"
            " https://example.com/ringspec",
        )
    return base.rstrip("/")


def link_of(base: str, rule: str) -> str:
    """Return the address of a rule's documentation; empty where there is none."""
    return f"{base}/{_PAGE}#{quote(rule, safe='')}" if base else ""
