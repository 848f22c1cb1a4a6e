"""The server under test, for other people's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from ringspec.cli.run_command import RunOptions
from ringspec.plugin.clients import opened
from ringspec.plugin.servers import Server, bearer, serving
from ringspec.plugin.suite import NAME, Suite


@contextmanager
def aimed(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Yield the server that pytest's options name; the reference server without any.

    Raises:
        RingspecError: it gives no token, or cannot be started.
    """
    suite = request.config.pluginmanager.get_plugin(NAME)
    run = suite.run if isinstance(suite, Suite) else None
    url = run.address if run else None
    if run is None:
        yield request.getfixturevalue("ringspec_reference")
    elif url is None:
        with serving(dialect=run.setup.profile.dialect or "canonical") as server:
            yield server
    else:
        server = _given(run, url)
        try:
            yield server
        finally:
            server.close()


def _given(run: RunOptions, url: str) -> Server:
    profile = run.setup.profile
    given = profile.credentials
    filling, _ = run.setup.access(url)
    token = filling.token or ""
    headers = {given.header: token} if given.header else bearer(token)
    route, live = profile.route.to(url), profile.safety.is_live(url)
    return Server(
        url=url.rstrip("/"),
        token=filling.token,
        headers=headers,
        token_url=given.token_url or "",
        client_id=given.client_id or "",
        client_secret=given.client_secret or "",
        opened=partial(opened, route=route, only_reads=live),
    )
