"""FastAPI checks by the models that datamodel-code-generator makes of the contract."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fastapi import FastAPI, HTTPException
from models import CreateBroadcast

app = FastAPI()
BROADCASTS: dict[str, dict[str, Any]] = {}


@app.post("/voice/broadcasts", status_code=201)
def create(broadcast: CreateBroadcast) -> dict[str, Any]:
    """Keep a broadcast."""
    sent = broadcast.model_dump(mode="json", by_alias=True)
    held = {**sent, "broadcastId": str(uuid4()), "state": "draft"}
    BROADCASTS[held["broadcastId"]] = held
    return held


@app.get("/voice/broadcasts/{broadcast_id}")
def read(broadcast_id: str) -> dict[str, Any]:
    """Give a broadcast back."""
    if broadcast_id not in BROADCASTS:
        raise HTTPException(404)
    return BROADCASTS[broadcast_id]
