"""What users give that is wrong: the errors that say so, by the table beside this."""

import tomllib
from functools import cache
from pathlib import Path

from ringspec.spec import UsageError


@cache
def _listed() -> dict[str, tuple[str, str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def mistake(row: str, **about: object) -> UsageError:
    """Return the error of a row, about what is given."""
    message, hint = (text.format(**about) for text in _listed()[row])
    return UsageError(message, hint=hint)
