"""Which usage errors every further trial would repeat: an option that the script does not know, an unreadable value."""

from __future__ import annotations

import re
from collections.abc import Collection

from hptui.core.trial import Role, Trial, TrialStatus

MISTAKES = (
    r"unrecognized arguments?|no such option|unknown option|unrecognized option|unexpected argument|invalid choice"
    r"|could not consume arg|could not override|not used by the HfArgumentParser|invalid value for|expected a value"
    r"|ambiguous option|expected (?:one|at least one|\d+) arguments?|ignored explicit argument"
    r"|unknown command line flag|flags parsing error|key '.*' is not in struct|got an unexpected keyword argument"
    r"|invalid \w+ value|cannot be passed to the script"
)
"""Words of parsers of command lines about a single option or value."""
MISTAKE_PATTERN = re.compile(MISTAKES, re.IGNORECASE)


def is_input_mistake(message: str) -> bool:
    """Return whether a usage error is about one option or value, not about a combination of them."""
    return MISTAKE_PATTERN.search(message) is not None


def has_run_with_options_of(trial: Trial, other: Trial, base: Collection[str] = ()) -> bool:
    """Return whether `other` is a complete trial of this study with all options of `trial`.

    `base` names the settings of the study file, which every trial has.
    """
    ran_here = other.status is TrialStatus.COMPLETE and other.role not in (Role.BASE, Role.IMPORTED)
    return ran_here and all(name in other.params or name in base for name in trial.params)
