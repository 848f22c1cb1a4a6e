"""`--docs` and its variable, by the real command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded

pytestmark = pytest.mark.socket

Ringspec = Callable[..., Any]
LINK = 'href="http://127.0.0.1:8000/docs/reference/rules/#name.type"'


@pytest.mark.parametrize("by", ["option", "variable"])
def test_report_links_rules_to_their_documentation(
    ringspec: Ringspec, reference: Embedded, tmp_path: Path, by: str
) -> None:
    base, path = "http://127.0.0.1:8000/docs/", tmp_path / "report.html"
    more = ["--docs", base] if by == "option" else []
    environ = {"RINGSPEC_DOCS": base} if by == "variable" else {}

    ended = ringspec(
        *("run", reference.url, "--bearer", reference.token),
        *("--select", "name.type", "--phase", "cases", "--report", f"html={path}"),
        *more,
        **environ,
    )

    assert ended.status == 0, ended.stderr
    assert LINK in path.read_text()


@pytest.mark.parametrize("command", ["run", "serve", "replay"])
def test_address_that_is_none_is_wrong_usage(ringspec: Ringspec, command: str) -> None:
    given = ["name.type/number"] if command == "replay" else []

    ended = ringspec(command, *given, "--docs", "javascript:alert(1)")

    assert ended.status == 2
    assert "no documentation can be at 'javascript:alert(1)'" in ended.stderr
    assert "hint: give the http or https address" in ended.stderr
