"""hptui: tunes hyperparameters of language models on the machine you are logged in to.

Holds the public names, which are loaded on first access: `import hptui` itself is cheap."""

# ruff: noqa: E402  the handler of Ctrl-C comes before all that takes time to import

from hptui.core.interrupt import quiet_interrupts

quiet_interrupts()

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hptui.core.version import __version__ as __version__
from hptui.reporting import report, should_stop

if TYPE_CHECKING:
    from hptui.api.arguments import EarlyStoppingCallback
    from hptui.api.reading import open_study
    from hptui.api.run import resume_optimization, run_optimization
    from hptui.core.errors import HptuiError

    HptuiCallback: type

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

_MODULES = {
    "HptuiCallback": "hptui.reporting",
    "run_optimization": "hptui.api.run",
    "resume_optimization": "hptui.api.run",
    "EarlyStoppingCallback": "hptui.api.arguments",
    "open_study": "hptui.api.reading",
    "HptuiError": "hptui.core.errors",
}

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        """Load a public name from its module on first access (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module 'hptui' has no attribute {name!r}")
        return getattr(import_module(_MODULES[name]), name)
