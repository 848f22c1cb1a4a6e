"""Conformance under load: certified cases, fired by Locust, judged all the while.

`ringspec.load.users` is the one module that imports Locust, which makes of the whole
process what gevent needs; nothing else imports it. A file for Locust is one line:

    from ringspec.load.users import ConformanceUser
"""

from ringspec.load.account import Account, Count
from ringspec.load.ammunition import Ammunition, Options
from ringspec.load.judging import Shooter, Shot, turns
from ringspec.load.verdict import Figures, Row, rows, verdict

__all__ = [
    "Account",
    "Ammunition",
    "Count",
    "Figures",
    "Options",
    "Row",
    "Shooter",
    "Shot",
    "rows",
    "turns",
    "verdict",
]
