"""Arguments: those of pytest's that name rules, `ringspec` or `ringspec::RULE`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from ringspec.plugin.options import GROUP


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What is named on the command line.

    Attributes:
        others: what is not ours, for pytest.
        ids: of the rules that are named; without any, all are meant.
        is_any: whether anything of ours is named.
    """

    others: list[str]
    ids: frozenset[str]
    is_any: bool

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Tell our arguments from pytest's own."""
        ours = {each: _rule(config, each) for each in config.args}
        names = [each for each in ours.values() if each is not None]
        return cls(
            others=[each for each in config.args if ours[each] is None],
            ids=frozenset() if "" in names else frozenset(names),
            is_any=bool(names),
        )


def _rule(config: pytest.Config, argument: str) -> str | None:
    """Return the rule that an argument names; empty for all of them, None for none."""
    place, _, rule = argument.partition("::")
    path = Path(os.path.abspath(config.invocation_params.dir / place))  # noqa: PTH100 - links stay
    # Pytest tells of an item by where it is from here: `../ringspec::…` in a folder.
    is_ours = place == GROUP or path == config.rootpath / GROUP
    return rule if is_ours and (rule or not path.exists()) else None
