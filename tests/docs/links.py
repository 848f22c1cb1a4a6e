"""Check the built site: `python -m tests.docs.links SITE`.

Every link that stays on the site leads to a page that is there, and to a place on it;
nothing is loaded from elsewhere. The links that lead away are listed, not followed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# The attribute by which a tag loads or leads somewhere. Others lead by `href`.
_LOADING = {"img": "src", "script": "src", "link": "href", "iframe": "src"}
# Links that say where something else is, and load nothing.
_SAYING = {"canonical", "next", "prev", "edit"}


@dataclass
class Page(HTMLParser):
    """What a page links to, loads, and can be linked to."""

    path: Path
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Read the page."""
        super().__init__()
        self.feed(self.path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag links to, loads or names."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in _LOADING:
            if not _SAYING & set(given.get("rel", "").split()):
                self.loads += filter(None, [given.get(_LOADING[tag])])
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])


def troubles(site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """Yield what is wrong, each with its page."""
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        for url in page.loads:
            if _leads_away(url):
                yield f"{where}: loads {url} from elsewhere"
        for url in (*page.links, *page.loads):
            if not _leads_away(url) and not _arrives(url, path, site, pages):
                yield f"{where}: {url} leads nowhere"


def _leads_away(url: str) -> bool:
    return bool(urlsplit(url).scheme or urlsplit(url).netloc)


def _arrives(url: str, path: Path, site: Path, pages: dict[Path, Page]) -> bool:
    split = urlsplit(url)
    home = site if split.path.startswith("/") else path.parent
    target = (home / unquote(split.path).lstrip("/")).resolve() if split.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site) or not target.is_file():
        return False
    fragment = unquote(split.fragment)
    return not fragment or target not in pages or fragment in pages[target].anchors


def main(arguments: list[str]) -> int:
    """Check a site; list what leads away; return 1 if anything is wrong."""
    site = Path(arguments[0]).resolve()
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        sys.stderr.write(f"{site} has no pages: build it with `mkdocs build`\n")
        return 2
    wrong = list(dict.fromkeys(troubles(site, pages)))
    away = {url for page in pages.values() for url in page.links if _leads_away(url)}
    for url in sorted(away):
        sys.stdout.write(f"elsewhere, not followed: {url}\n")
    for each in wrong:
        sys.stderr.write(f"{each}\n")
    links = sum(len(page.links) for page in pages.values())
    sys.stdout.write(f"{len(pages)} pages, {links} links, {len(wrong)} wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
