"""Levels of mutants that show only in what is attested less well than their rule.

A broadcast from a file, for instance, has an assumed shape: that a server refuses one
is a matter of MAY, though that valid bodies are accepted is a MUST.
"""

from __future__ import annotations

_SHOULD = (
    "null-type-accepted",
    "null-source-accepted",
    "null-retries-accepted",
    "null-retry-on-no-input-accepted",
    "null-retry-on-failed-accepted",
    "null-flag-accepted",
    "dynamic-refused",
    "delays-must-ascend",
    "delays-must-differ",
    "speech-beyond-ascii-refused",
    "transfer-attempts-1-refused",
    "welcome-prompt-refused",
    "voicemail-prompt-refused",
    "end-prompt-refused",
    "menu-prompt-refused",
    "choice-prompt-refused",
    "whisper-prompt-refused",
    "replay-0-refused",
    "one-choice-refused",
    "sms-refused",
    "de-de-with-man-refused",
    "retry-reason-without-retries-refused",
    "retries-without-reason-refused",
    "no-input-without-menu-refused",
    "voicemail-without-detection-refused",
    "inputs-without-menu-refused",
    "voice-flow-menu-replay-demanded",
    "attempts-demanded",
    "timeout-demanded",
    "whisper-demanded",
    "transfer-demanded",
)
_MAY = (
    # Good readers differ on these spellings of a uuid.
    *(
        f"{place}-known-{how}"
        for place in ("segment", "calendar")
        for how in ("with-moved-hyphen", "without-hyphens", "in-braces", "as-urn")
    ),
    "null-segments-accepted",
    "null-dynamic-name-accepted",
    "source-file-refused",
    "file-with-retries-refused",
    "file-with-time-refused",
    "file-with-dynamic-refused",
    "file-without-segments-refused",
    "file-without-flag-refused",
    "file-without-multiple-refused",
    "source-reset",
    "file-emptied",
    "file-lost",
    "allow-multiple-lost",
    "command-without-id",
)

SHOWN_AT: dict[str, str] = {
    **dict.fromkeys(_SHOULD, "should"),
    **dict.fromkeys(_MAY, "may"),
}
