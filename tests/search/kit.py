"""Studies and histories for tests of engines, under short names: see `hptui.testing.searches`."""

from hptui.testing.searches import LOSS, LOSS_AND_SPEED, Measure, ask, drive, losses
from hptui.testing.searches import make_space as space
from hptui.testing.searches import make_study as study
from hptui.testing.searches import make_trial as trial
from hptui.testing.searches import trial_of as ran

__all__ = ["LOSS", "LOSS_AND_SPEED", "Measure", "ask", "drive", "losses", "ran", "space", "study", "trial"]
