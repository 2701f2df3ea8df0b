"""Looks at a training script without running it: which parameters it takes, how they are said, what it measures."""

from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.look import look
from hptui.trainers.scripts.shell import shell

__all__ = ["Found", "Option", "look", "shell"]
