"""The plugin's options: flags, and the same in the ini file.

All but the first are those of `ringspec run`, which also says what they may be, and
which variables of the environment go before the ini file. This module is loaded by
every pytest that has the package: it imports nothing of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

GROUP = "ringspec"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of `ringspec run`, as pytest has it.

    Attributes:
        name: there; `--ringspec-NAME` and `ringspec_NAME` here.
        parameter: where the command keeps it.
        kind: of its value in the ini file; none where there is no such key.
        is_path: whether the ini file may name a file beside it.
    """

    name: str
    parameter: str
    metavar: str
    help: str
    kind: str = "string"
    is_path: bool = False

    @property
    def key(self) -> str:
        """Name the key of the ini file, and where pytest keeps the flag."""
        return f"{GROUP}_{self.name.replace('-', '_')}"

    @property
    def is_flag(self) -> bool:
        """Tell whether it takes no value."""
        return self.kind == "bool"

    @property
    def is_repeatable(self) -> bool:
        """Tell whether it may be given more than once."""
        return self.kind == "args"


URL = Option("url", "url", "URL", "the server under test, or `embedded`")
PROFILE = Option(
    "profile", "profile", "NAME|FILE", "what the target needs", is_path=True
)
OPTIONS = (
    URL,
    PROFILE,
    Option("bearer", "bearer", "TOKEN", "access token; better in RINGSPEC_TOKEN"),
    Option("client-id", "client_id", "ID", "id of the client that fetches a token"),
    Option(
        "client-secret",
        "client_secret",
        "SECRET",
        "its secret; better in RINGSPEC_CLIENT_SECRET",
    ),
    Option("token-url", "token_url", "URL", "where a token is fetched"),
    Option("level", "level", "LEVEL", "what fails: must (default), should or may"),
    Option("dialect", "dialect", "NAME|FILE", "the provider's spelling", is_path=True),
    Option(
        "contract", "contract", "FILE", "another API's OpenAPI 3.1 file", is_path=True
    ),
    Option("operation", "operation", "ID", "the operation of it that is meant"),
    Option("phase", "phases", "NAME,…", "only these parts of a run", "args"),
    Option("quick", "quick", "", "only the fewest bodies that tell all", "bool"),
    Option("examples", "examples", "N", "explore so many bodies as well", "int"),
    Option("seed", "seed", "N", "other cases", "int"),
    Option("workers", "workers", "N", "requests under way at once", "int"),
    Option("rate", "rate", "N/s", "so many requests a second at most"),
    Option("timeout", "timeout", "SECONDS", "how long an answer may take", "float"),
    Option(
        "known-failures",
        "known_failures",
        "FILE",
        "failures that are known: they are xfailed",
        is_path=True,
    ),
    Option("report", "reports", "FORMAT=PATH", "a report of ours besides", "args"),
)


def add_to(parser: pytest.Parser) -> None:
    """Add all options, as flags and as keys of the ini file."""
    group = parser.getgroup(GROUP, "ringspec: conformance of a server, rule by rule")
    for each in OPTIONS:
        given: dict[str, Any] = {"action": "store_true"} if each.is_flag else {}
        if each.is_repeatable:
            given["action"] = "append"
        if not each.is_flag:
            given["metavar"] = each.metavar
        flag = f"--{GROUP}" if each is URL else f"--{GROUP}-{each.name}"
        group.addoption(flag, dest=each.key, default=None, help=each.help, **given)
        kind: Any = each.kind
        parser.addini(each.key, f"{each.help} ({flag})", kind, default=None)


def is_flagged(config: pytest.Config) -> bool:
    """Tell whether the command line says what to test."""
    return any(config.getoption(each.key, None) for each in (URL, PROFILE))


def is_asked_for(config: pytest.Config) -> bool:
    """Tell whether the command line or the ini file says what to test."""
    if config.getoption("help", default=False):
        return False  # whatever the settings are, they must not be in the way
    return is_flagged(config) or any(config.getini(e.key) for e in (URL, PROFILE))


def spelt(text: str) -> str:
    """Spell the command's options in a message as they are spelt here."""
    names = "|".join(each.name for each in OPTIONS)
    text = text.replace("--select and --exclude", "-k, -m and --deselect")
    return re.sub(rf"(?<![\w-])--({names})(?![\w-])", rf"--{GROUP}-\1", text)
