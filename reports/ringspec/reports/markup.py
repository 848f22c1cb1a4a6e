"""Markdown as GitHub reads it, made of texts that others wrote.

No text gets to be markup, a link, a mention, an issue's number or a cell of its own.
Mentions are looked for after rendering, so that escaping alone does not stop them: code
is left alone, and elsewhere an invisible character keeps the sign from its word.
"""

from __future__ import annotations

import re

from ringspec.reports.text import shown

# What makes markup within a line; a colon may begin an emoji, or end one.
_MARKUP = re.compile(r"[\\`*_\[\]<>#|&~@$]|:(?=\S)|(?<=\S):")
# Where a mention, a reference or a link of a bare address is kept from being one.
_CALL = re.compile(r"(?<=[@#])|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_WORD_JOINER = "&#8288;"


def code(text: str, limit: int = 200) -> str:
    """Write a text of others as code in a line; no code where there is no text."""
    text = shown(text, limit)
    if not text:
        return ""
    # A cell of a table would end at a bar, and the code at a backtick.
    return code_html(text, limit) if re.search(r"[`|]", text) else f"`{text}`"


def code_html(text: str, limit: int = 200) -> str:
    """Write a text of others as code where HTML is written, such as in a summary."""
    return f"<code>{_entities(shown(text, limit))}</code>"


def plain(text: str, limit: int = 400) -> str:
    """Write a text within a line, not at its beginning, as it reads."""
    joined = _CALL.sub("\N{WORD JOINER}", shown(text, limit))
    return _entities(joined).replace("\N{WORD JOINER}", _WORD_JOINER)


def fenced(text: str, language: str = "") -> str:
    """Write lines as a block of code."""
    runs = re.findall("`+", text)
    fence = "`" * max((3, *(len(run) + 1 for run in runs)))
    return f"{fence}{language}\n{text}\n{fence}"


def folded(summary: str, body: str) -> str:
    """Write what opens by a click; the summary is HTML, the body Markdown."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def head(*names: str) -> str:
    """Write the head of a table."""
    return f"{row(*names)}\n{row(*('---' for _ in names))}"


def row(*cells: str) -> str:
    """Write a row of a table, of cells that are Markdown already."""
    return f"| {' | '.join(cells)} |"


def _entities(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)
