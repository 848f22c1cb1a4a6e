"""Witnesses: requests that a mutant answers otherwise than the reference.

By rule: what a mutant of a rule on the body accepts, or refuses, stands in rows of a
base body and edits at JSON pointers, where ... removes what stands there. Of the other
rules there is a script of requests each, in which {0} is the id that was created first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .conftest import BODIES, SECRETS, edited
from .nearly import NEARLY
from .places import (
    CAPITAL,
    CHOICES,
    FLOW,
    INPUTS,
    MENU,
    SMS,
    STATUS,
    TRANSFER,
    UUID,
    Row,
)
from .test_checks import ACCEPTED, REFUSED

ALL = "/voice/broadcasts"
ONE = f"{ALL}/{{0}}"
OTHER = f"{ALL}/{{1}}"
NOBODY = f"{ALL}/00000000-0000-4000-8000-000000000000"
COMMANDS = ("start", "pause", "resume", "cancel")
TOKEN = SECRETS["token"]
RECORDING = {"prompt": "https://example.com/audio/notice.mp3"}
SECOND_TRANSFER = {"key": "3", "transfer": {"destination": "441632960198"}}


def second(**members: object) -> dict[str, object]:
    """Give the edit that adds a choice with a second transfer."""
    transfer = {**SECOND_TRANSFER["transfer"], **members}  # type: ignore[dict-item]
    kept = {name: value for name, value in transfer.items() if value is not ...}
    choices = [*BODIES["survey"]["voiceFlow"]["menu"]["choices"]]
    return {CHOICES: [*choices, {"key": "3", "transfer": kept}]}


def keys(*given: str) -> dict[str, object]:
    """Give the edit that makes a menu of some keys, each said otherwise."""
    return {
        CHOICES: [{"key": key, "say": f"Choice {n}"} for n, key in enumerate(given)]
    }


# Rows that break one rule, beyond those that show what the reference checks.
FAULTS: dict[str, list[Row]] = {
    "name.type": [("people", {"/name": True}), ("people", {"/name": ["x"]})],
    "type.enum": [
        ("people", {"/type": value})
        for value in ("DEFAULT", "defaults", "default ", "", "unknown")
    ],
    "type.required": [("file", {"/type": ...})],
    "from.type": [("people", {"/from": None})],
    "from.length": [("people", {"/from": value}) for value in ("", "4" * 150)],
    "source.type": [("people", {"/source": ["people"]})],
    "source.enum": [
        ("people", {"/source": value}) for value in (" people", "peoples", "")
    ],
    "segmentIds.type": [
        ("people", {"/segmentIds": value})
        for value in (UUID, {"0": UUID}, json.dumps([UUID]))
    ],
    "segmentIds.length": [
        ("people", {"/segmentIds": [UUID] * 3}),
        ("survey", {"/segmentIds": []}),
    ],
    "segmentIds.items.type": [("people", {"/segmentIds/0": None})],
    "includeUnsubscribed.required": [
        (
            "people",
            {"/includeUnsubscribed": ..., "/retries": 1, "/retryDelays": [1]},
        ),
        ("people", {"/includeUnsubscribed": ..., "/scheduledAt": 1924992000}),
    ],
    "segmentIds.required": [("survey", {"/segmentIds": ...})],
    "file.required": [
        ("file", {"/file": ..., "/retries": 1, "/retryDelays": [1]}),
        (
            "file",
            {"/file": ..., "/distribution": "dynamic", "/dynamicName": "Evening"},
        ),
    ],
    "file.type": [("file", {"/file": [{"id": UUID}]})],
    "scheduledAt.type": [
        ("people", {"/scheduledAt": value})
        for value in ("1924992000", [1924992000], 1924992000.5)
    ],
    "retries.type": [
        ("people", {"/retries": True, "/retryDelays": [1]}),
        ("people", {"/retries": 0.5}),
        ("people", {"/retries": [0]}),
        ("people", {"/retries": {"value": 0}}),
        ("people", {"/retries": "0"}),
    ],
    "retries.enum": [
        ("file", {"/retries": -1}),
        ("people", {"/retries": 4, "/retryDelays": [1, 2, 3, 4]}),
        ("survey", {"/retries": 4, "/retryDelays": [1, 2, 3]}),
    ],
    "retryOnNoInput.type": [
        ("people", {"/retryOnNoInput": value}) for value in ("false", [False], None)
    ],
    "retryOnFailed.type": [
        ("people", {"/retryOnFailed": value}) for value in (0, None, "false")
    ],
    "retryDelays.type": [
        ("people", {"/retries": 1, "/retryDelays": value})
        for value in (15, {"0": 15}, "[15]")
    ],
    "retryDelays.items.type": [
        ("people", {"/retries": 1, "/retryDelays": [value]})
        for value in ("15", True, 1.5, [15], None)
    ],
    "retryDelays.items.min": [("survey", {"/retryDelays/0": -1})],
    "retryDelays.items.max": [
        ("survey", {"/retryDelays/0": 4321}),
        ("survey", {"/retryDelays": [5000, 5000]}),
        ("people", {"/retries": 1, "/retryDelays": [4321]}),
        ("file", {"/retries": 1, "/retryDelays": [4321]}),
    ],
    "retryDelays.count": [
        ("survey", {"/retryDelays": []}),
        ("file", {"/retryDelays": [15]}),
        ("people", {"/retries": 3, "/retryDelays": [1]}),
        ("people", {"/scheduledAt": 1924992000, "/retryDelays": [15]}),
    ],
    "calendarId.format": [
        ("people", {"/calendarId": value})
        for value in (
            f"{UUID}0",
            f"0{UUID}",
            f"{UUID}\n",
            f" {UUID}",
            f"{UUID[:-1]}g",
            f"{UUID[:-1]}",
            "a-b-c-d-e",
            "",
        )
    ],
    "segmentIds.items.format": [
        ("people", {"/segmentIds/0": value})
        for value in (f"{UUID}0", f"0{UUID}", f" {UUID}", f"{UUID[:-1]}g", "")
    ],
    "distribution.enum": [
        ("people", {"/distribution": value}) for value in ("NONE", " none", "nones", "")
    ],
    "dynamicName.required": [
        ("file", {"/distribution": "dynamic"}),
        ("survey", {"/distribution": "dynamic"}),
    ],
    "language.type": [("people", {"/language": ["fr-BE"]})],
    "language.enum": [
        ("people", {"/language": value}) for value in ("fr-be", " fr-BE", "fr-BEs", "")
    ],
    "voice.type": [("people", {"/voice": {"value": "man"}})],
    "voice.enum": [
        ("people", {"/voice": value}) for value in ("MAN", "man ", "mans", "")
    ],
    "voiceFlow.type": [
        ("people", {FLOW: value})
        for value in (
            json.dumps(BODIES["people"]["voiceFlow"]),
            [BODIES["people"]["voiceFlow"]],
            None,
        )
    ],
    "voiceFlow.machineDetection.type": [
        ("survey", {f"{FLOW}/machineDetection": value}) for value in ("true", 1)
    ],
    "voiceFlow.voicemail.say.xor": [
        ("survey", {f"{FLOW}/voicemail/prompt": "a.mp3"}),
    ],
    "voiceFlow.welcome.type": [("people", {f"{FLOW}/welcome": "Hello"})],
    "voiceFlow.welcome.say.type": [("people", {f"{FLOW}/welcome/say": 7})],
    "voiceFlow.welcome.replay.type": [("survey", {f"{FLOW}/welcome/replay": 1.5})],
    "voiceFlow.end.say.xor": [("survey", {f"{FLOW}/end": {}})],
    "voiceFlow.menu.type": [
        ("survey", {MENU: [BODIES["survey"]["voiceFlow"]["menu"]]})
    ],
    "voiceFlow.menu.choices.type": [
        ("survey", {CHOICES: value})
        for value in ({"key": "1", "say": "x"}, {"0": {"key": "1", "say": "x"}}, None)
    ],
    "voiceFlow.menu.choices.items.type": [("survey", {f"{CHOICES}/2": None})],
    "voiceFlow.menu.choices.key.required": [("survey", {f"{CHOICES}/2/key": ...})],
    "voiceFlow.menu.choices.key.type": [
        ("survey", {f"{CHOICES}/1/key": 2}),
        ("survey", {f"{CHOICES}/1/key": None}),
    ],
    "voiceFlow.menu.choices.key.enum": [
        ("survey", {f"{CHOICES}/{place}/key": value})
        for place, value in ((1, "10"), (2, "unknown"), (0, " 1"))
    ],
    "voiceFlow.menu.choices.key.unique": [
        ("survey", keys("1", "2", "1")),
        ("survey", keys("1", "2", "3", "2")),
        ("survey", keys("1", "1")),
    ],
    "voiceFlow.menu.choices.say.or": [("survey", {f"{CHOICES}/1/prompt": ...})],
    "voiceFlow.menu.choices.transfer.destination.required": [
        ("survey", second(destination=...))
    ],
    "voiceFlow.menu.choices.transfer.destination.type": [
        ("survey", {f"{TRANSFER}/destination": None})
    ],
    "voiceFlow.menu.choices.transfer.attempts.max": [("survey", second(attempts=4))],
    "voiceFlow.menu.choices.transfer.timeout.min": [("survey", second(timeout=4))],
    "voiceFlow.menu.choices.transfer.timeout.type": [
        ("survey", {f"{TRANSFER}/timeout": "20"})
    ],
    "voiceFlow.menu.choices.transfer.whisper.say.xor": [
        ("survey", {f"{TRANSFER}/whisper/prompt": "a.mp3"})
    ],
    "allowMultiple.type": [("file", {"/allowMultiple": "true"})],
    "actions.type": [
        ("survey", {"/actions": value})
        for value in (
            [BODIES["survey"]["actions"]],
            json.dumps(BODIES["survey"]["actions"]),
        )
    ],
    "actions.reaction.attribute.required": [
        ("survey", {f"{STATUS}/delivered/0/attribute": ...}),
        (
            "survey",
            {f"{STATUS}/delivered": [{"attribute": "a", "value": 1}, {"value": 1}]},
        ),
    ],
    "actions.reaction.attribute.type": [
        ("survey", {f"{STATUS}/delivered/0/attribute": None})
    ],
    "actions.reaction.value.type": [
        ("survey", {f"{STATUS}/delivered/0/value": None}),
        (
            "survey",
            {
                f"{STATUS}/delivered": [
                    {"attribute": "a", "value": 1},
                    {"attribute": "a", "value": 1.5},
                ]
            },
        ),
    ],
    "actions.reaction.sms.message.required": [
        ("survey", {f"{INPUTS}/2": {"sms": {"senderServiceId": UUID}}})
    ],
    "actions.reaction.sms.message.type": [("survey", {f"{SMS}/message": None})],
    "actions.reaction.sms.senderServiceId.required": [
        ("survey", {f"{INPUTS}/2": {"sms": {"message": "x"}}})
    ],
    "actions.reaction.sms.senderServiceId.type": [
        ("survey", {f"{SMS}/senderServiceId": None})
    ],
    "actions.reaction.sms.senderServiceId.format": [
        ("survey", {f"{SMS}/senderServiceId": f"{UUID}0"}),
        ("survey", {f"{SMS}/senderServiceId": f"{UUID[:-1]}g"}),
    ],
    "body.type": [
        ("people", {"": json.dumps(BODIES["people"])}),
        ("people", {"": [BODIES["people"]]}),
    ],
}

for _rule, _rows in NEARLY:
    FAULTS.setdefault(_rule, []).extend(_rows)


# Rows that break no rule, beyond those that show what the reference lets pass.
VALID: list[Row] = [
    ("people", {"/language": "fr-FR"}),
    ("people", {"/language": "nl-NL"}),
    ("people", {"/language": "nl-BE"}),
    ("people", {"/language": "de-DE"}),
    ("people", {"/language": "en-GB", "/voice": "woman"}),
    ("people", {"/language": "de-DE", "/voice": "man"}),
    ("people", {"/voice": "man", "/scheduledAt": None}),
    ("survey", keys("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#")),
    ("survey", keys("1")),
    ("survey", {f"{INPUTS}/hash": [{"attribute": "a", "value": "b"}]}),
    ("survey", {f"{INPUTS}/0": [{"attribute": "a", "value": "b"}]}),
    (
        "survey",
        {INPUTS: {name: [{"attribute": "a", "value": 1}] for name in "0123456789"}},
    ),
    ("survey", {f"{STATUS}/delivered/0/value": 3}),
    ("survey", {f"{STATUS}/delivered/0/value": True}),
    ("people", {"/calendarId": CAPITAL}),
    ("survey", {f"{SMS}/senderServiceId": CAPITAL}),
    ("people", {"/includeUnsubscribed": True}),
    ("people", {"/name": "x"}),
    ("people", {"/name": "x" * 100}),
    ("people", {"/name": "null"}),
    ("people", {"/name": "Réunion d'équipe 😀"}),
    ("file", {"/allowMultiple": True}),
    ("survey", {"/retryDelays": [15, 15]}),
    ("people", {f"{FLOW}/welcome/say": "Ça va ?"}),
    ("people", {f"{FLOW}/welcome/say": 'Tom & "<b>Jerry</b>" \\ 1 < 2'}),
    ("people", {f"{FLOW}/welcome": RECORDING}),
    ("survey", {f"{FLOW}/voicemail": RECORDING}),
    ("survey", {f"{FLOW}/end": RECORDING}),
    ("survey", {f"{MENU}/say": ..., f"{MENU}/prompt": "https://example.com/a.mp3"}),
    ("survey", {f"{TRANSFER}/whisper": RECORDING}),
    ("survey", {f"{TRANSFER}/destination": "sip:agent@example.com"}),
    ("survey", {f"{FLOW}/welcome/replay": 0}),
    ("survey", {f"{FLOW}/machineDetection": ...}),
    ("people", {"/retries": 1, "/retryDelays": [1]}),
    ("file", {"/retries": 1, "/retryDelays": [4320]}),
    ("file", {"/distribution": "dynamic", "/dynamicName": "Evening"}),
    ("file", {"/scheduledAt": 1924992000}),
    ("people", {"/retryOnNoInput": True}),
    ("survey", {"/retryOnNoInput": False, "/retryOnFailed": False}),
    ("survey", {"/retryOnNoInput": False}),
    ("survey", {"/scheduledAt": 1924992000}),
    ("people", {"/actions": BODIES["survey"]["actions"]}),
    ("survey", {MENU: ...}),
    ("survey", {f"{MENU}/replay": ...}),
    ("survey", {f"{TRANSFER}/attempts": ...}),
    ("survey", {f"{TRANSFER}/timeout": ...}),
    (
        "survey",
        {f"{STATUS}/delivered": [{"attribute": "a", "value": one} for one in "xy"]},
    ),
    ("survey", second(attempts=1, timeout=5)),
    ("survey", second(attempts=3, timeout=30)),
    ("survey", {"/retries": 3, "/retryDelays": [4320, 4320, 4320]}),
]


@dataclass(frozen=True)
class Ask:
    """A request: what is sent, with which headers, and by whom."""

    method: str
    path: str
    body: Any = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    token: str | None = TOKEN


def create(base: str = "people", edits: dict[str, object] | None = None) -> Ask:
    return Ask("POST", ALL, edited(base, edits or {}))


def update(path: str, base: str, edits: dict[str, object] | None = None) -> Ask:
    return Ask("PUT", path, edited(base, edits or {}))


def get(path: str = ONE) -> Ask:
    return Ask("GET", path)


def listing(query: str = "") -> Ask:
    return Ask("GET", f"{ALL}{query}")


def command(name: str, path: str = ONE) -> Ask:
    return Ask("POST", f"{path}/{name}")


def raw(content: bytes, content_type: str = "application/json") -> Ask:
    headers = {"Content-Type": content_type} if content_type else {}
    return Ask("POST", ALL, content=content, headers=headers)


def authorised(header: str) -> Ask:
    return Ask("POST", ALL, BODIES["people"], headers={"Authorization": header})


def form(client_id: str, secret: str, grant: str = "client_credentials") -> Ask:
    content = f"client_id={client_id}&client_secret={secret}&grant_type={grant}"
    label = {"Content-Type": "application/x-www-form-urlencoded"}
    return Ask(
        "POST", "/oauth2/token", content=content.encode(), headers=label, token=None
    )


GOOD = json.dumps(BODIES["people"]).encode()
NO_JSON = (
    GOOD[:-1],
    GOOD + b"}",
    GOOD[:-1] + b",}",
    b"/* a body */" + GOOD,
    GOOD.replace(b'"', b"'"),
    GOOD[:-1] + b',"x":NaN}',
    GOOD[:-1] + b',"x":"\xff"}',
    GOOD[:-1] + b',"x":"\n"}',
)
HOSTILE_NAMES = (
    "\0",
    "%s",
    "it's",
    "x" * 256,
    "x" * 10_000,
    "",
    "\ud83d",
    "Party \U0001f389",
)
HOSTILE_ROWS: tuple[Row, ...] = (
    ("people", {"/scheduledAt": 2147483648}),
    ("people", {"/scheduledAt": 2**65}),
    ("people", {f"{FLOW}/welcome/say": 'Say "x"'}),
    ("survey", {f"{FLOW}/welcome/replay": 2**65}),
    ("people", {"/segmentIds/0": CAPITAL}),
    ("people", {"/calendarId": CAPITAL}),
    ("people", {"/calendarId": "abc"}),
    ("survey", {"/retryDelays/0": -1}),
    ("people", {"/retries": 4, "/retryDelays": [1, 2, 3, 4]}),
    ("people", {"/retries": 0.0}),
    ("people", {"/voice": "child"}),
    ("people", {"/retryDelays": None}),
    ("people", {"/language": None}),
    ("people", {FLOW: "text"}),
    ("people", {"/actions": []}),
    ("survey", {f"{CHOICES}/0": "text"}),
    ("survey", {f"{CHOICES}/0/key": ...}),
    ("people", {"/name": ...}),
    ("people", {f"{FLOW}/welcome": ...}),
    ("people", {"": []}),
    ("people", {"/colour": "red"}),
    ("people", {"/type": "otp"}),
    ("survey", {}),
)
HOSTILE = (
    *(create("people", {"/name": name}) for name in HOSTILE_NAMES),
    *(create(base, edits) for base, edits in HOSTILE_ROWS),
    raw(b""),
    raw(b"{"),
    raw(b"\xff"),
    raw(b"\xef\xbb\xbf" + GOOD),
    raw(GOOD[:-1] + b',"x":NaN}'),
    raw(GOOD[:-1] + b',"x":1' + b"0" * 5000 + b"}"),
    raw(GOOD[:-1] + b',"x":1e400}'),
    raw(b"[" * 2000 + b"]" * 2000),
    raw(GOOD[:-1] + b',"x":' + b'{"x":' * 500 + b"1" + b"}" * 501),
    Ask("PATCH", ALL),
    get("/voice/unknown"),
    get(NOBODY),
    Ask("POST", ALL, BODIES["people"], token=None),
)

TWO = (create("survey"), create("people"))
STARTED = (create(), command("start"))
PAUSED = (*STARTED, command("pause"))
CANCELED = (*STARTED, command("cancel"))
LISTS = (listing(), listing("?page=2&pageSize=1"))
SCHEDULED = create("people", {"/scheduledAt": 1924992000})

# What shows a mutant of a rule that is not on the body.
SCRIPTS: dict[str, tuple[Ask, ...]] = {
    "answer": (
        create("survey"),
        create("people"),
        *(create(base, edits) for base, edits in (*ACCEPTED.values(), *VALID)),
        command("start"),
    ),
    "error": (create("people", {"/name": ...}), create("survey", {"/retryDelays": []})),
    "robustness": HOSTILE,
    "auth.token": (
        *(Ask("POST", ALL, BODIES["people"], token=None) for _ in range(2)),
        authorised("Bearer another-token-of-some-length"),
        authorised("Bearer x"),
        authorised("Bearer"),
        authorised(f"Bearer {TOKEN[: len(TOKEN) // 2]}x"),
        authorised(f"Bearer {TOKEN[:-1]}"),
        authorised(f"Bearer {TOKEN.upper()}"),
        authorised(f"Basic {TOKEN}"),
        authorised("Basic bm9ib2R5OnNlY3JldA=="),
        create(),
        *(
            Ask(method, path, token=None)
            for method, path in (
                ("GET", ALL),
                ("GET", ONE),
                ("PUT", ONE),
                *(("POST", f"{ONE}/{name}") for name in COMMANDS),
                ("DELETE", ONE),
            )
        ),
    ),
    "auth.secrecy": (
        authorised("Bearer unknown-token"),
        create(),
        form(SECRETS["client_id"], "wrong-secret"),
    ),
    "auth.client": (
        form(SECRETS["client_id"], "wrong"),
        form("nobody", SECRETS["client_secret"]),
        form(SECRETS["client_id"], ""),
        form(SECRETS["client_id"], SECRETS["client_secret"][:8] + "x"),
        form("nobody", "nothing"),
        form(SECRETS["client_id"], SECRETS["client_secret"], "password"),
    ),
    "wire.json": tuple(raw(content) for content in NO_JSON),
    "wire.media": tuple(
        raw(GOOD, label)
        for label in (
            "text/plain",
            "",
            "application/x-www-form-urlencoded",
            "application/xml",
        )
    ),
    "X-version.accepted": (
        Ask("POST", ALL, edited("people", {}), headers={"X-version": "2023-03-25"}),
    ),
    "wire.method": (Ask("PATCH", ALL), Ask("DELETE", ALL)),
    "wire.path": (Ask("GET", f"{ALL}x"), Ask("GET", "/voice")),
    "lifecycle.rejected": (
        create("people", {"/name": 1}),
        listing(),
        raw(GOOD[:-1]),
        listing(),
        raw(GOOD, "text/plain"),
        listing(),
        Ask("POST", ALL, BODIES["people"], token=None),
        listing(),
    ),
    "lifecycle.readable": (*TWO, get(), get(OTHER), get()),
    "lifecycle.ids": (
        create("survey"),
        create(),
        create(),
        Ask("DELETE", ONE),
        create(),
        listing(),
    ),
    "lifecycle.listed": (*TWO, *LISTS),
    "lifecycle.updated": (create("survey"), update(ONE, "people"), get(), *LISTS),
    "lifecycle.update.refused": (
        create("survey"),
        update(ONE, "people", {"/retryDelays": [1]}),
        get(),
        update(ONE, "people", {"/name": ...}),
        get(),
    ),
    "lifecycle.deleted": (
        *TWO,
        Ask("DELETE", OTHER),
        get(OTHER),
        get(),
        listing(),
    ),
    "lifecycle.unknown": (
        get(NOBODY),
        Ask("DELETE", NOBODY),
        *(command(name, NOBODY) for name in COMMANDS),
        update(NOBODY, "people"),
    ),
    "lifecycle.state": (create(), get(), SCHEDULED, get(OTHER)),
    "lifecycle.start": (*STARTED, get(), SCHEDULED, command("start", OTHER)),
    "lifecycle.pause": (*PAUSED, get()),
    "lifecycle.resume": (*PAUSED, command("resume"), get()),
    "lifecycle.cancel": (
        *CANCELED,
        get(),
        create(),
        *(command(name, OTHER) for name in ("start", "pause", "cancel")),
        get(OTHER),
    ),
    "lifecycle.transitions": (
        *CANCELED,
        *(command(name) for name in ("start", "pause", "resume")),
        get(),
        create(),
        command("pause", OTHER),
        command("resume", OTHER),
    ),
}


def script_of(rule: str) -> tuple[Ask, ...]:
    """Give the requests by which a mutant of a rule gives itself away."""
    for known in (rule, rule.partition(".")[0]):
        if known in SCRIPTS:
            return SCRIPTS[known]
    broken = [(base, edits) for one, base, edits in REFUSED if one == rule]
    rows = [*broken, *FAULTS.get(rule, []), *ACCEPTED.values(), *VALID]
    return tuple(create(base, edits) for base, edits in rows)
