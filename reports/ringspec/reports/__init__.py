"""Events in, bytes out: the terminal, files, curl lines, the printed catalogue."""

from ringspec.reports.consoles import Color
from ringspec.reports.curl import command, curl
from ringspec.reports.files import FORMATS, check, rendered, write
from ringspec.reports.matrix import Kind, Mark, Matrix, Trial, Way
from ringspec.reports.matrix_files import MATRIX_FORMATS, check_matrix, write_matrix
from ringspec.reports.matrix_text import Watch, ordered, print_matrix
from ringspec.reports.record import Record, Recorder, Reporter
from ringspec.reports.redact import Redactor
from ringspec.reports.rules import rules_json, rules_markdown, rules_table
from ringspec.reports.terminal import Terminal

__all__ = [
    "FORMATS",
    "MATRIX_FORMATS",
    "Color",
    "Kind",
    "Mark",
    "Matrix",
    "Record",
    "Recorder",
    "Redactor",
    "Reporter",
    "Terminal",
    "Trial",
    "Watch",
    "Way",
    "check",
    "check_matrix",
    "command",
    "curl",
    "ordered",
    "print_matrix",
    "rendered",
    "rules_json",
    "rules_markdown",
    "rules_table",
    "write",
    "write_matrix",
]
