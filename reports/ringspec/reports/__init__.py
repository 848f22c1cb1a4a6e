"""Renders the results of a run: terminal, files, comparisons; reads reports back."""

from ringspec.reports.blocks import RuleText, RuleTexts
from ringspec.reports.catalogue import (
    rules_json,
    rules_markdown,
    rules_table,
)
from ringspec.reports.client_record import (
    hidden,
    print_account,
    record_file,
    record_line,
    screen_line,
)
from ringspec.reports.comparison import (
    COMPARISON_FORMATS,
    Comparison,
    check_comparison,
    compare_reports,
    print_comparison,
    render_comparison,
)
from ringspec.reports.console import ProgressLine, console
from ringspec.reports.curl import command
from ringspec.reports.files import (
    FORMATS,
    Display,
    Record,
    Recorder,
    check,
    checked_docs,
    put,
    rendered,
    rule_link,
    write,
    write_data,
    write_obstacle,
)
from ringspec.reports.github import GitHubAnnotations, on_github
from ringspec.reports.json_report import FORMAT as REPORT_FORMAT
from ringspec.reports.json_report import failure_json, report_bytes
from ringspec.reports.json_report import report as report_json
from ringspec.reports.kill_matrix import (
    MATRIX_FORMATS,
    Channel,
    FleetRun,
    KillMatrix,
    RunMark,
    ServerKind,
    check_matrix,
    print_matrix,
    render_matrix,
)
from ringspec.reports.merge import (
    MERGED_FORMATS,
    check_merged,
    merge_reports,
    send_events,
)
from ringspec.reports.ndjson import EventStream
from ringspec.reports.printable import counted, shown
from ringspec.reports.redact import Redactor
from ringspec.reports.replay import Replay
from ringspec.reports.report_reader import (
    FailedCase,
    Report,
    failed_cases,
    read_report,
)
from ringspec.reports.terminal import Terminal

__all__ = [
    "COMPARISON_FORMATS",
    "FORMATS",
    "MATRIX_FORMATS",
    "MERGED_FORMATS",
    "REPORT_FORMAT",
    "Channel",
    "Comparison",
    "Display",
    "EventStream",
    "FailedCase",
    "FleetRun",
    "GitHubAnnotations",
    "KillMatrix",
    "ProgressLine",
    "Record",
    "Recorder",
    "Redactor",
    "Replay",
    "Report",
    "RuleText",
    "RuleTexts",
    "RunMark",
    "ServerKind",
    "Terminal",
    "check",
    "check_comparison",
    "check_matrix",
    "check_merged",
    "checked_docs",
    "command",
    "compare_reports",
    "console",
    "counted",
    "failed_cases",
    "failure_json",
    "hidden",
    "merge_reports",
    "on_github",
    "print_account",
    "print_comparison",
    "print_matrix",
    "put",
    "read_report",
    "record_file",
    "record_line",
    "render_comparison",
    "render_matrix",
    "rendered",
    "report_bytes",
    "report_json",
    "rule_link",
    "rules_json",
    "rules_markdown",
    "rules_table",
    "screen_line",
    "send_events",
    "shown",
    "write",
    "write_data",
    "write_obstacle",
]
