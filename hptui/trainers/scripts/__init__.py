"""Reads a training script without running it: which parameters it takes, how they are passed, what it measures."""

from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.look import look
from hptui.trainers.scripts.shell import shell

__all__ = ["Found", "Option", "look", "shell"]
