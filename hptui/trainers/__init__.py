"""Built-in trainers, and what a user's own trainer imports: `TrialContext`, `setting` and `Diverged`."""

from hptui.trainers.context import TrialContext
from hptui.trainers.failures import Diverged
from hptui.trainers.settings import setting

__all__ = ["TrialContext", "Diverged", "setting"]
