"""Cases read back from what is printed of them; KeyError if something is lacking."""

from __future__ import annotations

import base64

from ringspec.spec import Json, Level, Paging, RuleId
from ringspec.strategies.case import (
    Case,
    Expect,
    Phase,
    Request,
    Step,
    Want,
    What,
    encode,
)


def parse_case(row: dict[str, Json]) -> Case:
    """Read a case from what `ringspec cases` prints; KeyError if it is none."""
    fault = row["fault"]
    return Case(
        id=row["id"],
        rule=RuleId(row["rule"]),
        level=Level(row["level"]),
        expect=Expect(row["expect"]),
        status=tuple(row["status"]),
        request=parse_request(row["request"]),
        twin=row["twin"],
        fault=tuple(fault) if isinstance(fault, list) else fault,
        broken=tuple(RuleId(rule) for rule in row["broken"]),
        coupled=row["coupled"],
        phase=Phase(row["phase"]),
        steps=tuple(map(parse_step, row.get("steps", ()))),
    )


def parse_request(row: dict[str, Json]) -> Request:
    """Read a request, byte for byte, from what `wire_request` wrote."""
    if "body_base64" in row:
        body = base64.b64decode(row["body_base64"], validate=True)
    else:
        body = encode(row["body"]) if "body" in row else b""
    return Request(
        method=row["method"],
        path=row["path"],
        headers=tuple(row["headers"].items()),
        body=body,
    )


def parse_step(row: dict[str, Json]) -> Step:
    """Read a step of a case."""
    return Step(
        request=parse_request(row["request"]),
        status=tuple(row["status"]),
        capture=row["capture"],
        wants=tuple(
            Want(**{**want, "what": What(want["what"])}) for want in row["wants"]
        ),
        link=row["link"],
        paging=Paging(**row["paging"]) if "paging" in row else None,
    )
