"""Reads a training script without running it: which parameters it takes, how they are passed, what it measures."""

from hptui.trainers.scripts.found import InspectedScript, ScriptOption
from hptui.trainers.scripts.look import inspect_script
from hptui.trainers.scripts.shell import inspect_shell_script

__all__ = ["InspectedScript", "ScriptOption", "inspect_script", "inspect_shell_script"]
