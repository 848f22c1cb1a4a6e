"""Options: what is added to Locust's command line, and what is made of it.

Each can stand in the environment as well, which is how workers on other machines get
them. Credentials can stand there alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringspec.load.ammunition import TIMEOUT_S, Options
from ringspec.spec import Level

_Settings = dict[str, Any]


def _option(name: str, shown: str, **more: Any) -> tuple[tuple[str], _Settings]:
    variable = f"RINGSPEC_{name.upper()}"
    return (f"--ringspec-{name}",), {"env_var": variable, "help": shown, **more}


OPTIONS: tuple[tuple[tuple[str], _Settings], ...] = (
    _option(
        "level",
        "What fails the run; weaker failures are warnings.",
        choices=[each.value for each in Level],
        default=Level.MUST.value,
    ),
    _option("dialect", "An OpenAPI Overlay: a name, or a file.", metavar="NAME|FILE"),
    _option("profile", "What a target needs: a name, or a file.", metavar="NAME|FILE"),
    _option("contract", "Another API's OpenAPI 3.1 file.", metavar="FILE"),
    _option("operation", "The operation meant.", metavar="ID"),
    _option("seed", "Other cases.", type=int, default=0),
    _option("select", "Only rules that begin so, by commas.", metavar="ID-PREFIX,…"),
    _option("exclude", "No rules that begin so, by commas.", metavar="ID-PREFIX,…"),
    _option(
        "timeout",
        "How long an answer may take, in seconds.",
        type=float,
        default=TIMEOUT_S,
        metavar="SECONDS",
    ),
    _option("report", "Write a JSON report of it all.", metavar="PATH"),
)


def options_of(parsed: Mapping[str, Any]) -> Options:
    """Read what Locust has parsed."""

    def given(name: str) -> Any:
        return parsed.get(f"ringspec_{name}") or None

    return Options(
        contract=given("contract"),
        operation=given("operation"),
        dialect=given("dialect"),
        profile=given("profile"),
        level=Level(given("level") or Level.MUST),
        seed=int(given("seed") or 0),
        select=_prefixes(given("select")),
        exclude=_prefixes(given("exclude")),
        timeout_s=float(given("timeout") or TIMEOUT_S),
    )


def _prefixes(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, ((each.strip()) for each in (text or "").split(","))))
