"""Events in, bytes out: the terminal, files, curl lines, the printed catalogue."""

from ringspec.reports.annotations import Annotated, Shown, on_github
from ringspec.reports.apart import Apart, Teller
from ringspec.reports.clients import (
    RecordFile,
    hidden,
    print_account,
    record_line,
    screen_line,
)
from ringspec.reports.compare.files import (
    COMPARISON_FORMATS,
    check_comparison,
    render_comparison,
    write_comparison,
)
from ringspec.reports.compare.model import Comparison
from ringspec.reports.compare.reading import compared
from ringspec.reports.compare.text import print_comparison
from ringspec.reports.consoles import Color
from ringspec.reports.curl import command, curl
from ringspec.reports.documentation import checked_docs, link_of
from ringspec.reports.files import FORMATS, check, obstacle, put, rendered, write
from ringspec.reports.json_report import FORMAT as REPORT_FORMAT
from ringspec.reports.json_report import contract_json, failure_json, written
from ringspec.reports.matrix.files import MATRIX_FORMATS, check_matrix, write_matrix
from ringspec.reports.matrix.model import Kind, Mark, Matrix, Trial, Way
from ringspec.reports.matrix.text import Watch, ordered, print_matrix
from ringspec.reports.merging.revival import revived
from ringspec.reports.merging.whole import (
    MERGED_FORMATS,
    Whole,
    check_merged,
    merged,
    tell,
)
from ringspec.reports.ndjson import Stream
from ringspec.reports.record import Record, Recorder, Reporter
from ringspec.reports.redact import Redactor
from ringspec.reports.replay import Asked, Replay
from ringspec.reports.reread import Failed, Past, read_report
from ringspec.reports.rules import (
    described,
    rules_json,
    rules_markdown,
    rules_table,
)
from ringspec.reports.terminal import Terminal
from ringspec.reports.text import counted, shown

__all__ = [
    "COMPARISON_FORMATS",
    "FORMATS",
    "MATRIX_FORMATS",
    "MERGED_FORMATS",
    "REPORT_FORMAT",
    "Annotated",
    "Apart",
    "Asked",
    "Color",
    "Comparison",
    "Failed",
    "Kind",
    "Mark",
    "Matrix",
    "Past",
    "Record",
    "RecordFile",
    "Recorder",
    "Redactor",
    "Replay",
    "Reporter",
    "Shown",
    "Stream",
    "Teller",
    "Terminal",
    "Trial",
    "Watch",
    "Way",
    "Whole",
    "check",
    "check_comparison",
    "check_matrix",
    "check_merged",
    "checked_docs",
    "command",
    "compared",
    "contract_json",
    "counted",
    "curl",
    "described",
    "failure_json",
    "hidden",
    "link_of",
    "merged",
    "obstacle",
    "on_github",
    "ordered",
    "print_account",
    "print_comparison",
    "print_matrix",
    "put",
    "read_report",
    "record_line",
    "render_comparison",
    "rendered",
    "revived",
    "rules_json",
    "rules_markdown",
    "rules_table",
    "screen_line",
    "shown",
    "tell",
    "write",
    "write_comparison",
    "write_matrix",
    "written",
]
