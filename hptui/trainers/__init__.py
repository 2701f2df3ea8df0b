"""What one trial does. A trainer of your own imports `TrialContext`, `setting` and `Diverged` from here."""

from hptui.trainers.context import TrialContext
from hptui.trainers.outcome import Diverged
from hptui.trainers.settings import setting

__all__ = ["TrialContext", "Diverged", "setting"]
