"""HAR, held to a schema that is not ours and to the bytes that went out and came."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft6Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT6

from ringspec.harness import Judged, Played
from ringspec.reports import Record, rendered

FIXTURE = Path(__file__).parents[2] / "fixtures" / "har-schema.json"
BODIES = {
    "text": b'{"a":1}',
    "emoji": '"\U0001f468‍\U0001f469 \u202e"'.encode(),
    "controls": b'"\x00\x1b\r\n\x7f"',
    "escaped surrogate": b'"\\ud800"',
    "no utf-8": b'"\xff\xfe\xed\xa0\x80"',
    "markup": b"</script><!-- ]]> &amp;",
    "empty": b"",
}


@pytest.fixture(scope="session")
def validator() -> Draft6Validator:
    schemas = json.loads(FIXTURE.read_text())["schemas"]
    resources = [
        (f"{name}#", DRAFT6.create_resource(it)) for name, it in schemas.items()
    ]
    registry: Registry[Any] = Registry().with_resources(
        [*resources, *((name.rstrip("#"), it) for name, it in resources)]
    )
    return Draft6Validator(
        schemas["har.json"], registry=registry, format_checker=FormatChecker()
    )


def archive(record: Record) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(rendered("har", record))
    return read


def entries(record: Record) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = archive(record)["log"]["entries"]
    return found


def body_of(told: dict[str, Any] | None) -> bytes:
    if told is None:
        return b""
    text: str = told.get("text", "")
    return base64.b64decode(text) if told.get("encoding") == "base64" else text.encode()


def sent(sample: ModuleType, body: bytes, answer: bytes, began_s: float = 0) -> Judged:
    case = sample.case("body.accepted/x", body)
    exchange = replace(sample.exchange(case, 200, answer), began_s=began_s)
    return Judged(case=case, exchange=exchange, findings=())


def test_archive_fits_the_schema(record: Record, validator: Draft6Validator) -> None:
    validator.validate(archive(record))

    assert len(entries(record)) == len(record.judged)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bodies_are_exact(
    sample: ModuleType, record: Record, validator: Draft6Validator, body: bytes
) -> None:
    record = replace(record, judged=(sent(sample, body, body[::-1]),))

    validator.validate(archive(record))
    entry = entries(record)[0]
    assert body_of(entry["request"].get("postData")) == body
    assert body_of(entry["response"]["content"]) == body[::-1]
    assert entry["request"]["bodySize"] == len(body)
    assert entry["response"]["content"]["size"] == len(body)


def test_steps_before_have_entries_of_their_own(
    sample: ModuleType, record: Record, validator: Draft6Validator
) -> None:
    judged = sent(sample, b"{}", b"{}", 2)
    step = replace(judged.exchange, began_s=1, url="http://127.0.0.1:1/first?a=b&c")
    last = replace(judged.exchange, played=Played(earlier=(step,)))
    record = replace(record, judged=(replace(judged, exchange=last),))

    validator.validate(archive(record))
    first, second = entries(record)
    assert first["request"]["url"] == "http://127.0.0.1:1/first?a=b&c"
    assert first["request"]["queryString"] == [
        {"name": "a", "value": "b"},
        {"name": "c", "value": ""},
    ]
    assert first["comment"] == "body.accepted/x: a step before"
    assert second["comment"] == "body.accepted/x"


def test_odd_url_is_written_as_it_was_sent(
    sample: ModuleType, record: Record, validator: Draft6Validator
) -> None:
    judged = sent(sample, b"{}", b"{}")
    odd = replace(judged.exchange, url='http://127.0.0.1/a b/é{"}?q=é')
    record = replace(record, judged=(replace(judged, exchange=odd),))

    validator.validate(archive(record))
    assert entries(record)[0]["request"]["url"] == (
        "http://127.0.0.1/a%20b/%C3%A9%7B%22%7D?q=%C3%A9"
    )


def test_huge_answers_are_cut_and_say_so(sample: ModuleType, record: Record) -> None:
    huge = "é".encode() * 400_001
    record = replace(record, judged=tuple(sent(sample, b"{}", huge) for _ in range(20)))

    data = rendered("har", record)
    content = entries(record)[0]["response"]["content"]

    assert len(data) < 20e6
    assert content["size"] == len(huge)
    assert huge.startswith(body_of(content))
    assert "more bytes are left out" in content["comment"]
