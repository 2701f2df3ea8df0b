"""hptui: tunes hyperparameters of language models on the machine you are logged in to.

Holds the public names, which are loaded on first access: `import hptui` itself is cheap."""

from hptui.lazily import lazy_attributes
from hptui.reporting import report, should_stop

__version__ = "0.1.0"

__all__ = [
    "report",
    "should_stop",
    "HptuiCallback",
    "run_optimization",
    "resume_optimization",
    "EarlyStoppingCallback",
    "open_study",
    "HptuiError",
]

__getattr__ = lazy_attributes(
    "hptui",
    HptuiCallback="hptui.reporting",
    run_optimization="hptui.api.run",
    resume_optimization="hptui.api.run",
    EarlyStoppingCallback="hptui.api.arguments",
    open_study="hptui.api.reading",
    HptuiError="hptui.core.errors",
)
"""Loads the public names on first access, so that `import hptui` itself is cheap."""
