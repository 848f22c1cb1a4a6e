"""Pages that the site takes from elsewhere, so that nothing is written twice.

A page of `generated.PAGES` is rendered from the program; a page of `COPIED` is a file
at the top. `<!-- from FILE: NAME -->` on a line of its own is replaced by what is
between `<!-- NAME:begin -->` and `<!-- NAME:end -->` in that file. Links of such a text
to other files of the repository become names: the site does not hold those files.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from docs.generated import PAGES  # noqa: E402 - mkdocs knows no folder of ours

COPIED = {
    "reference/servers.md": "TARGETS.md",
    "reference/sdk.md": "CLIENTS.md",
    "reference/changes.md": "CHANGELOG.md",
}
_FROM = re.compile(r"^<!-- from (?P<file>[\w.]+): (?P<name>\w+) -->$", re.MULTILINE)
_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?!https?:|#)(?P<path>[^)]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are rendered, and those that are files at the top."""
    for page, render in PAGES.items():
        files.append(File.generated(config, page, content=render()))
    for page, name in COPIED.items():
        text = _unlinked((ROOT / name).read_text("utf-8"))
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put in what a page takes from elsewhere."""
    return _FROM.sub(lambda found: _between(found["file"], found["name"]), markdown)


def _between(file: str, name: str) -> str:
    text = (ROOT / file).read_text("utf-8")
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise PluginError(f"{file} has not one part {name!r}: {begin} … {end}")
    return _unlinked(text.partition(begin)[2].partition(end)[0].strip())


def _unlinked(text: str) -> str:
    pages = {name: Path(page).name for page, name in COPIED.items()}

    def replaced(found: re.Match[str]) -> str:
        page = pages.get(found["path"])
        return f"[{found['text']}]({page})" if page else f"`{found['path']}`"

    return _LINK.sub(replaced, text)
