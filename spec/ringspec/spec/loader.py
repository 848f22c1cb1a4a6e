"""YAML's loader by JSON's lights: keys are texts and stand once, dates are texts.

Only reading imports it, and late: yaml takes a while to load.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar

import yaml

from ringspec.spec.values import Json

if TYPE_CHECKING:
    _Fastest = yaml.SafeLoader
else:
    # libyaml where it is there: ten times quicker.
    _Fastest = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
# Plain texts that mean something else, as YAML 1.2 has it and OpenAPI asks: to YAML 1.1
# `NO` is false, `12:30` a number and 2023-03-25 a date.
_PLAIN = (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
    ("merge", r"<<", "<"),
)
_KNOWN = {None, *(_TAG + name for name in ("str", "seq", "map"))}
_KNOWN |= {_TAG + name for name, _, _ in _PLAIN}


class Loader(_Fastest):
    """Reads what json.loads could have read, and nothing else."""

    yaml_implicit_resolvers: dict[str, Json] = {}  # noqa: RUF012 - as yaml has it
    # Without the others, such as binary, a tag that names one is refused.
    yaml_constructors: ClassVar[dict[str | None, Json]] = {
        tag: build for tag, build in _Fastest.yaml_constructors.items() if tag in _KNOWN
    }

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - as the loader declares it
    ) -> dict[Hashable, Json]:
        """Build an object from texts and values; refuse other keys, and twins."""
        if not isinstance(node, yaml.MappingNode):
            raise _fault("an object was expected", node)
        _check_keys(node)
        self.flatten_mapping(node)
        return {
            key.value: self.construct_object(value, deep=deep)
            for key, value in node.value
        }


for _name, _pattern, _first in _PLAIN:
    _firsts = [*_first, ""] if _name == "null" else [*_first]
    Loader.add_implicit_resolver(_TAG + _name, re.compile(f"(?:{_pattern})$"), _firsts)


def _check_keys(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _fault("a key is not a text", key)
        if key.value in seen:
            raise _fault(f"the key {key.value!r} stands twice", key)
        seen.add(key.value)


def _fault(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
