"""The plainest valid request of a contract, without the list that it begins."""

from __future__ import annotations

from ringspec.spec import Contract
from ringspec.strategies.bodies import Bodies
from ringspec.strategies.case import Request, encode
from ringspec.strategies.requests import Requests


def plain_request(contract: Contract) -> Request:
    """Return the request that the first case of a contract's list sends."""
    return Requests(contract).create(encode(Bodies(contract).plain()))
