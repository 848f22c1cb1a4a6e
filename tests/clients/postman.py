"""A reader of Postman collections (v2.1), as far as ours goes: no scripts, no files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

COLLECTION = Path(__file__).parents[1] / "fixtures/broadcasts.postman_collection.json"


def newman(about: Mapping[str, str]) -> None:
    """Let Postman's own runner send the collection, if it is here."""
    command = shutil.which("newman")
    assert command is not None
    values = [("--global-var", f"{name}={value}") for name, value in about.items()]
    options = [each for pair in values for each in pair]
    subprocess.run([command, "run", COLLECTION, *options], check=True, timeout=60)


def replay(about: Mapping[str, str]) -> None:
    """Send all that the collection holds, folder by folder."""
    collection = json.loads(COLLECTION.read_text("utf-8"))
    with httpx.Client(trust_env=False) as client:
        for request in _requests(collection):
            filled = json.loads(_filled(json.dumps(request), about))
            client.send(_request(filled, collection["auth"], about["token"]))


def _requests(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in node["item"]:
        yield from _requests(item) if "item" in item else [item["request"]]


def _filled(text: str, about: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: about[found[1]], text)


def _request(
    request: Mapping[str, Any], auth: Mapping[str, Any], token: str
) -> httpx.Request:
    url = request["url"] if isinstance(request["url"], str) else request["url"]["raw"]
    headers = {each["key"]: each["value"] for each in request.get("header", ())}
    headers["User-Agent"] = "PostmanRuntime"
    if request.get("auth", auth)["type"] == "bearer":
        headers["Authorization"] = f"Bearer {token}"
    body = request.get("body", {"mode": ""})
    form = {each["key"]: each["value"] for each in body.get("urlencoded", ())}
    return httpx.Request(
        request["method"],
        url,
        headers=headers,
        content=body["raw"].encode() if body["mode"] == "raw" else None,
        data=form or None,
    )
