"""Connexion checks what the contract says; the rest is a store in a dictionary."""

from __future__ import annotations

import os
from typing import Any
from uuid import uuid4

import connexion
from connexion.resolver import RelativeResolver

BROADCASTS: dict[str, dict[str, Any]] = {}


def token_info(token: str) -> dict[str, Any] | None:
    """Say whose a token is; the contract has no x-tokenInfoFunc, so it is set below."""
    return {"scope": []} if token == os.environ["TOKEN"] else None


def createBroadcast(body: dict[str, Any]) -> tuple[dict[str, Any], int]:  # noqa: N802 -- the contract's operation
    """Keep a broadcast."""
    held = {**body, "broadcastId": str(uuid4()), "state": "draft"}
    BROADCASTS[held["broadcastId"]] = held
    return held, 201


def getBroadcast(broadcastId: str) -> tuple[dict[str, Any], int]:  # noqa: N802, N803 -- likewise
    """Give a broadcast back."""
    held = BROADCASTS.get(broadcastId)
    return (held, 200) if held else ({"title": "Not Found"}, 404)


os.environ["TOKENINFO_FUNC"] = f"{__name__}.token_info"
app = connexion.AsyncApp(__name__, specification_dir=".")
app.add_api(
    os.environ["CONTRACT"], resolver=RelativeResolver(__name__), resolver_error=501
)
