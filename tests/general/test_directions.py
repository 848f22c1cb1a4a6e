"""Members that are only read, or only written: each direction asks for its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ringspec.harness.judging import checks
from ringspec.spec import Json, load

from .test_contracts import document

SECRET = {"type": "string", "writeOnly": True}
NAME = {"type": "string"}


def thing(**members: Json) -> dict[str, Any]:
    return {"type": "object", "required": [*members], "properties": members}


def test_what_is_only_written_is_not_expected_back(tmp_path: Path) -> None:
    schema = thing(a=NAME, secret={**SECRET, "default": "x"}, in_=thing(secret=SECRET))
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(document(schema, answered=True)))
    contract = load(path)
    answer = contract.answers.of(200)
    sent = {"a": "text", "secret": "s", "in_": {"secret": "s"}}

    assert answer
    assert checks.echo_faults(contract, answer, sent, {"a": "text", "in_": {}}) == []
    same = {"a": "text"}
    assert list(checks.default_faults(contract, answer, same, same)) == []
    assert checks.echo_faults(contract, answer, sent, {"in_": {}}) == [
        '/a is missing; "text" was sent'
    ]
