"""Where things stand in the base bodies, and what rows of edits are."""

from __future__ import annotations

UUID = "8e5d2b17-93aa-4a0c-b6f1-7c9d1e2f3a40"
CAPITAL = UUID.upper()
FLOW = "/voiceFlow"
MENU = f"{FLOW}/menu"
CHOICES = f"{MENU}/choices"
TRANSFER = f"{CHOICES}/2/transfer"
STATUS = "/actions/status"
INPUTS = "/actions/inputs"
SMS = f"{STATUS}/failed/sms"

# A base body, and edits at JSON pointers.
Row = tuple[str, dict[str, object]]
