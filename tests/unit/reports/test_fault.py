from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from ringspec.reports.case_text import fault_lines


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        ({"op": "replace", "path": "/n", "value": 2}, "replace /n: 1 -> 2"),
        ({"op": "replace", "path": "/none", "value": 2}, "replace /none: 2"),
        ({"op": "remove", "path": "/l/1"}, 'remove /l/1 (was "b")'),
        ({"op": "remove", "path": "/z"}, "remove /z (was null)"),
        ({"op": "remove", "path": "/l/x"}, "remove /l/x"),
        ({"op": "add", "path": "/m", "value": None}, "add /m: null"),
        ({"op": "move", "from": "/n", "path": "/m"}, "move /n -> /m"),
        (
            {"op": "replace", "path": "", "value": []},
            'replace the whole body: {"n": 1, "l": ["a", "b"], "z": null} -> []',
        ),
        (
            {"op": "add", "path": "/m", "value": "\u202e" + "x" * 99},
            'add /m: "\\u202e' + "x" * 58 + "… (42 more characters)",
        ),
    ],
)
def test_operation_in_words(
    sample: ModuleType, operation: dict[str, Any], line: str
) -> None:
    twin = sample.case("a.b/twin", b'{"n":1,"l":["a","b"],"z":null}')
    case = sample.case("a.b/1", b"{}", fault=(operation,))

    assert fault_lines(case, twin) == [line]
