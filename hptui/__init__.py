"""hptui: a terminal cockpit that tunes hyperparameters on the box you are logged in to."""

from hptui.reporting import __getattr__, report, should_stop

__version__ = "0.1.0"

__all__ = ["report", "should_stop", "__getattr__"]
