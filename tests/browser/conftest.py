"""A real Chromium, and pages for it from real runs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from ringspec.reference import Embedded
from ringspec.reports import Recorder, rendered

from ..snapshot import sample as sample_run  # noqa: TID252 - tests are no distribution

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# What a page must not run, ask for or be torn by.
HOSTILE = (
    "</script><script>document.pwned=1</script><img src=x onerror='document.pwned=1'>"
    "<svg onload='document.pwned=1'></details><!--\u202e\u2066\x1b[2J{{7*7}}"
    "<style>*{display:none}</style><base href='//example.com'><meta http-equiv=refresh "
    "content='0;url=//example.com'><form><plaintext>"
)


@dataclass
class Opened:
    """A page in a browser, and whatever it did that it should not."""

    page: Page
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed: pip install playwright")
    program = os.environ.get("RINGSPEC_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if program is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - may be missing

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open a file; at the end no page may have complained or asked for anything."""
    opened: list[Opened] = []
    contexts: list[BrowserContext] = []

    def opener(
        path: Path, *, width: int = 1280, fragment: str = "", **options: Any
    ) -> Opened:
        viewport = {"width": width, "height": 900}
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        found = Opened(context.new_page())
        opened.append(found)
        page = found.page
        page.on("console", lambda said: found.troubles.append(said.text))
        page.on("pageerror", lambda error: found.troubles.append(str(error)))
        page.on("dialog", lambda dialog: found.troubles.append(dialog.message))
        page.on("request", lambda request: found.requests.append(request.url))
        page.goto(path.as_uri() + f"#{fragment}" * bool(fragment))
        return found

    yield opener
    for each in opened:
        assert each.troubles == []
        # The page itself, and its empty icon.
        asked = [url for url in each.requests if not url.startswith("data:")]
        assert [url.partition("#")[0] for url in asked] == [
            each.page.url.partition("#")[0]
        ]
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def run_to(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Run the command against a server, and return its HTML report."""

    def run(url: str, *options: str) -> Path:
        path = tmp_path_factory.mktemp("report") / "report.html"
        command = [sys.executable, "-m", "ringspec.cli", "run", url, *options]
        subprocess.run(
            [*command, "--quiet", "--report", f"html={path}"],
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
        return path

    return run


def credentials(server: Embedded) -> tuple[str, ...]:
    return (
        *("--client-id", server.client_id),
        *("--client-secret", server.client_secret),
        *("--token-url", server.token_url),
    )


@pytest.fixture(scope="session")
def bad(run_to: Callable[..., Path]) -> Path:
    """The report of a server that checks nothing."""
    with Embedded(mutant="nothing-checked") as server:
        return run_to(server.url, *credentials(server))


class _Hostile(BaseHTTPRequestHandler):
    """Accepts whatever comes, and answers with what would like to run."""

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = HOSTILE.encode() + b"\xff" + b"<b>" * 50_000
        self.send_response(201)
        self.send_header("Content-Type", "text/html")
        self.send_header("X-Hostile", "<script>document.pwned=1</script>")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def hostile_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hostile) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def hostile(run_to: Callable[..., Path]) -> Path:
    with hostile_server() as url:
        return run_to(url, "--phase", "cases")


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    return sample_run


@pytest.fixture(scope="session")
def written(
    sample: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Any], Path]:
    """Write the report of a made-up result."""

    def write(result: Any) -> Path:
        recorder = Recorder()
        for event in sample.events(result):
            recorder.handle(event)
        path = tmp_path_factory.mktemp("sample") / "report.html"
        path.write_bytes(rendered("html", recorder.record))
        return path

    return write
