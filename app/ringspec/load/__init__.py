"""Conformance under load: certified cases, fired by Locust, judged all the while.

`ringspec.load.users` is the one module that imports Locust, which patches the whole
process for gevent; no other module imports it. A file for Locust is one line:

    from ringspec.load.users import ConformanceUser
"""

from ringspec.load.http_client import BlockingClient
from ringspec.load.load_counts import LoadCounts, RuleCount, Shooter, turns
from ringspec.load.load_report import (
    LoadFigures,
    RuleUnderLoad,
    report_load,
    rules_under_load,
    summarise_load,
)
from ringspec.load.load_setup import LoadOptions, LoadSetup, locust_options

__all__ = [
    "BlockingClient",
    "LoadCounts",
    "LoadFigures",
    "LoadOptions",
    "LoadSetup",
    "RuleCount",
    "RuleUnderLoad",
    "Shooter",
    "locust_options",
    "report_load",
    "rules_under_load",
    "summarise_load",
    "turns",
]
