"""Forms: requests for access tokens, read, and written again without what is secret."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from ringspec.harness.recording.tap import Heard
from ringspec.harness.sending.placeholders import Filling
from ringspec.strategies import CLIENT_ID, CLIENT_SECRET

FORM_TYPE = "application/x-www-form-urlencoded"
HIDDEN = "[redacted]"
# The only member of such a form that is nobody's secret.
_OPEN = frozenset({"grant_type"})


def read_form(heard: Heard) -> dict[str, str] | None:
    """Read a form by the names of its fields; None where the body is none."""
    label = (heard.header("content-type") or "").partition(";")[0].strip().lower()
    if label != FORM_TYPE or not heard.whole:
        return None
    try:
        pairs = parse_qsl(heard.body.decode(), keep_blank_values=True)
    except ValueError:
        return None
    return dict(pairs)


def hidden_form(heard: Heard, filling: Filling) -> bytes:
    """Write what was sent for a token, with places where the credentials stood."""
    form = read_form(heard)
    if form is None:
        return HIDDEN.encode() if heard.body else b""
    shown = {name: _shown(name, value, filling) for name, value in form.items()}
    return urlencode(shown, safe="{}[]").encode()


def _shown(name: str, value: str, filling: Filling) -> str:
    if name == "client_id" and value == filling.client_id:
        return CLIENT_ID
    if name == "client_secret" and value == filling.client_secret:
        return CLIENT_SECRET
    return value if name in _OPEN or not value else HIDDEN
