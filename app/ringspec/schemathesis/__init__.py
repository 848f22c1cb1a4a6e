"""The bridge to schemathesis: its command sends our cases and knows our rules.

Import it in a hooks module, or name it as one:

    SCHEMATHESIS_HOOKS=ringspec.schemathesis schemathesis run openapi.yaml --url URL

Importing it registers hooks, checks and a summary, and reads RINGSPEC_LEVEL,
RINGSPEC_DIALECT and the other variables of `Bridge`.
"""

from importlib.util import find_spec

if find_spec("schemathesis") is None:
    raise ImportError(
        "ringspec.schemathesis needs schemathesis: pip install 'ringspec[schemathesis]'"
    )

from ringspec.schemathesis.hooks import BrokenRule as BrokenRule
from ringspec.schemathesis.hooks import OpenRules as OpenRules
from ringspec.schemathesis.hooks import ringspec_rules as ringspec_rules
from ringspec.schemathesis.hooks import ringspec_run as ringspec_run
