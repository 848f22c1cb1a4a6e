"""Clients, driven: each sends what it would, to a server that is told by its line."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from naxai import NaxaiClient
from naxai.base.exceptions import NaxaiException

from ..plain import PLAIN  # noqa: TID252 - tests are no distribution
from .careless import CARELESS
from .conftest import BROADCASTS, MINIMAL
from .postman import replay

# What the server announces: url, token_url, client_id, client_secret, token.
About: TypeAlias = Mapping[str, str]


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
    with _naxai(about) as client:
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
    with _naxai(about) as client:
        for change, _ in CARELESS:
            _try(client.voice.broadcasts.create, MINIMAL.model_copy(update=change))


def curl(about: About) -> None:
    """Create a notice as one does at a prompt, with the label and without."""
    for label in (("-H", "Content-Type: application/json"), ()):
        subprocess.run(curl_words(about, label), check=True, capture_output=True)


def curl_words(about: About, label: tuple[str, ...]) -> list[str]:
    """Return the command line."""
    url, token = f"{about['url']}/voice/broadcasts", about["token"]
    asked = [
        "curl",
        "-sS",
        "--noproxy",
        "*",
        url,
        "-H",
        f"Authorization: Bearer {token}",
    ]
    return [*asked, *label, "-d", json.dumps(PLAIN)]


def _naxai(about: About) -> Any:
    return NaxaiClient(
        api_client_id=about["client_id"],
        api_client_secret=about["client_secret"],
        auth_url=about["token_url"],
        api_base_url=about["url"],
        logger=logging.getLogger("tests.clients"),
    )


def _try(create: Callable[[Any], Any], broadcast: Any) -> Any:
    with suppress(NaxaiException):
        return create(broadcast)


CLIENTS = (
    Client("sdk", "naxai 0.0.49, as it spells", "naxai-sdk", sdk),
    Client("sdk-canonical", "naxai 0.0.49, by the page", "canonical", sdk),
    Client("sdk-careless", "naxai 0.0.49, told nonsense", "naxai-sdk", careless),
    Client("curl", "curl", "canonical", curl, needs="curl"),
    Client("postman", "a Postman collection", "canonical", replay),
)
