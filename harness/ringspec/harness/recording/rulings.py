"""Rulings: what one request breaks, keeps, and leaves open.

In: a request as it was heard, with its address. Out: words about the contract's rules.
What HTTP has to say is judged by the catalogue's rules of `wire` and `auth`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ringspec.harness.recording.addresses import Address
from ringspec.harness.recording.bodies import Bodies
from ringspec.harness.recording.forms import read_form
from ringspec.harness.recording.tap import LIMIT, Heard
from ringspec.harness.recording.words import (
    Kind,
    Word,
    Words,
    broken,
    kept,
    remark,
    settled,
    unspecified,
)
from ringspec.harness.sending.placeholders import Filling
from ringspec.spec import Contract, RuleId, TokenHeader

METHOD = RuleId("wire.method")
PATH = RuleId("wire.path")
MEDIA = RuleId("wire.media")
TOKEN = RuleId("auth.token")
CLIENT = RuleId("auth.client")
_GRANT = "client_credentials"
_PARTIAL = f"a body of more than {LIMIT // 1024} KiB, or one cut off, is not judged"
# What such a method sends along has no meaning. Source: RFC 9110, 9.3.
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


@dataclass
class Judge:
    """Judges requests by a contract.

    Attributes:
        filling: the credentials that a client should bring.
    """

    contract: Contract
    filling: Filling

    @cached_property
    def _bodies(self) -> Bodies:
        return Bodies(self.contract)

    def words(self, heard: Heard, address: Address) -> tuple[Word, ...]:
        """Say what there is to say of a request."""
        said = settled(self._said(heard, address))
        return (*said, *_answered(heard, said))

    def _said(self, heard: Heard, address: Address) -> Words:
        if not address.methods:
            yield broken(PATH, "asked for a path that the contract does not have")
            return
        yield kept(PATH)
        if heard.method not in address.methods:
            listed = ", ".join(address.methods)
            yield broken(METHOD, f"asked by {heard.method} where there is {listed}")
            return
        yield kept(METHOD)
        if address.is_token:
            yield from self._client(heard)
            return
        if address.guard is not None:
            yield self._token(heard, address.guard)
        if address.is_main:
            yield from self._headers(heard)
        yield from self._content(heard, address)

    def _token(self, heard: Heard, guard: TokenHeader) -> Word:
        given = heard.header(guard.header)
        if not given:
            return broken(TOKEN, f"sent no {guard.header} header")
        if given == guard.value(self.filling.token or ""):
            return kept(TOKEN)
        scheme, _, token = given.partition(" ")
        if guard.scheme and scheme.lower() != guard.scheme.lower():
            return broken(TOKEN, f"sent no {guard.scheme} token as {guard.header}")
        if guard.scheme and token.strip() == self.filling.token:
            return kept(TOKEN)  # schemes may be in any case. Source: RFC 9110, 11.1
        return broken(TOKEN, "sent another access token than the one given out")

    def _headers(self, heard: Heard) -> Words:
        """Judge the headers that the operation describes."""
        for header in self.contract.operation.headers:
            given = heard.header(header.name)
            if given is None and header.required:
                yield broken(header.rule, f"left out the header {header.name}")
            elif given in (None, header.value) or header.value is None:
                yield kept(header.rule)
            else:
                why = f"sent {header.name}: {given[:40]}, settled is {header.value}"
                yield unspecified(header.rule, why)

    def _content(self, heard: Heard, address: Address) -> Words:
        if not address.takes_body:
            if heard.body and heard.method in _BODILESS:
                yield remark(f"a body came with {heard.method}, which has none")
            return
        yield self._label(heard)
        if heard.whole:
            yield from self._bodies.judge(heard.body)
        else:
            yield remark(_PARTIAL)

    def _label(self, heard: Heard) -> Word:
        """Judge how a body is labelled. Source: RFC 9110, 8.3.1."""
        due = self.contract.operation.media_type
        given = heard.header("content-type")
        kind, _, parameters = (given or "").lower().partition(";")
        charset = parameters.replace(" ", "").replace('"', "")
        if not given or "/" not in kind:
            label = f"labelled it {given[:40]}" if given else "did not label the body"
            return unspecified(MEDIA, label)
        if kind.strip() != due:
            return broken(MEDIA, f"labelled the body {kind.strip()[:40]}, not {due}")
        if "charset=" in charset and "charset=utf-8" not in charset:
            return unspecified(MEDIA, f"labelled the body with {charset[:40]}")
        return kept(MEDIA)

    def _client(self, heard: Heard) -> Words:
        """Judge who asks for a token. Source: RFC 6749, 2.3.1 and 4.4.2."""
        form = read_form(heard)
        if form is None:
            yield broken(CLIENT, "asked for a token by a body that is no form")
        elif (heard.header("authorization") or "").lower().startswith("basic "):
            yield unspecified(CLIENT, "proved to be a client by Basic credentials")
        elif form.get("grant_type") != _GRANT:
            yield broken(CLIENT, f"asked for a token by another grant than {_GRANT}")
        elif form.get("client_id") != self.filling.client_id:
            yield broken(CLIENT, "asked for a token as another client, or as none")
        elif form.get("client_secret") != self.filling.client_secret:
            yield broken(CLIENT, "asked for a token without the client's secret")
        else:
            yield kept(CLIENT)


def _answered(heard: Heard, said: tuple[Word, ...]) -> Words:
    """Remark on an answer that the words before do not explain."""
    status = heard.status
    if status is None:
        yield remark("it was not answered")
    elif status >= 500:
        yield remark(f"the server failed: HTTP {status}")
    elif status >= 400 and all(each.kind == Kind.KEPT for each in said):
        yield remark(f"it breaks nothing, but was refused with HTTP {status}")
