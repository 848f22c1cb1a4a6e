"""What clients sent, told request by request, and summed up at the end."""

from ringspec.reports.clients.file import RecordFile
from ringspec.reports.clients.lines import hidden, record_line, screen_line
from ringspec.reports.clients.summary import print_account

__all__ = ["RecordFile", "hidden", "print_account", "record_line", "screen_line"]
