"""Clients, driven: each sends what it would to a server, known by its line.

Of Postman collections (v2.1) as much is read as ours has: no scripts, no files.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx
from naxai.base.exceptions import NaxaiException

from ..plain import PLAIN  # noqa: TID252 - tests are no distribution
from .careless import CARELESS
from .conftest import BROADCASTS, MINIMAL, naxai

# What the server announces: url, token_url, client_id, client_secret, token.
About: TypeAlias = Mapping[str, str]
COLLECTION = Path(__file__).parents[1] / "fixtures/broadcasts.postman_collection.json"


@dataclass(frozen=True)
class Client:
    """A client, with what it is to send.

    Attributes:
        title: as the page has it.
        needs: a program without which it cannot be driven.
    """

    name: str
    title: str
    dialect: str
    drive: Callable[[About], None]
    needs: str = ""

    @property
    def is_here(self) -> bool:
        """Whether it can be driven on this machine."""
        return not self.needs or shutil.which(self.needs) is not None


def sdk(about: About) -> None:
    """Create all that the vendor's client is good for, and see one to its end."""
    with naxai(about) as client:
        voice = client.voice.broadcasts
        created = [
            made for each in BROADCASTS.values() if (made := _try(voice.create, each))
        ]
        voice.list()
        for each in created[:1]:
            one = each.broadcast_id
            voice.get(one)
            voice.update(one, BROADCASTS["full"])
            for command in (voice.start, voice.pause, voice.resume, voice.cancel):
                command(one)
            voice.delete(one)


def careless(about: About) -> None:
    """Have the vendor's client create what breaks a rule."""
    with naxai(about) as client:
        for change, _ in CARELESS:
            _try(client.voice.broadcasts.create, MINIMAL.model_copy(update=change))


def curl(about: About) -> None:
    """Create a notice as one does at a prompt, with the label and without."""
    url, token = f"{about['url']}/voice/broadcasts", about["token"]
    asked = ["curl", "-sS", "--noproxy", "*", url, "-d", json.dumps(PLAIN)]
    asked += ["-H", f"Authorization: Bearer {token}"]
    for label in (["-H", "Content-Type: application/json"], []):
        subprocess.run([*asked, *label], check=True, capture_output=True)


def _try(create: Callable[[Any], Any], broadcast: Any) -> Any:
    with suppress(NaxaiException):
        return create(broadcast)


def replay(about: About) -> None:
    """Send all that the collection holds, folder by folder."""
    collection = json.loads(COLLECTION.read_text("utf-8"))
    with httpx.Client(trust_env=False) as client:
        for request in _requests(collection):
            filled = json.loads(_filled(json.dumps(request), about))
            client.send(_request(filled, collection["auth"], about["token"]))


def _requests(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in node["item"]:
        yield from _requests(item) if "item" in item else [item["request"]]


def _filled(text: str, about: About) -> str:
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


CLIENTS = (
    Client("sdk", "naxai 0.0.49, as it spells", "naxai-sdk", sdk),
    Client("sdk-canonical", "naxai 0.0.49, by the page", "canonical", sdk),
    Client("sdk-careless", "naxai 0.0.49, told nonsense", "naxai-sdk", careless),
    Client("curl", "curl", "canonical", curl, needs="curl"),
    Client("postman", "a Postman collection", "canonical", replay),
)
