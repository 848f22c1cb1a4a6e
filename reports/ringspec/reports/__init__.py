"""Events in, bytes out: the terminal, files, curl lines, the printed catalogue."""

from ringspec.reports.consoles import Color
from ringspec.reports.curl import command, curl
from ringspec.reports.files import FORMATS, check, write
from ringspec.reports.record import Record, Recorder, Reporter
from ringspec.reports.redact import Redactor
from ringspec.reports.rules import rules_json, rules_markdown, rules_table
from ringspec.reports.terminal import Terminal

__all__ = [
    "FORMATS",
    "Color",
    "Record",
    "Recorder",
    "Redactor",
    "Reporter",
    "Terminal",
    "check",
    "command",
    "curl",
    "rules_json",
    "rules_markdown",
    "rules_table",
    "write",
]
