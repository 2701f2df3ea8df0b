"""Reads a training script without running it: which parameters it takes, how they are passed, what it measures."""

from hptui.scripts.inspect.look import inspect_script, inspect_shell_script
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption

__all__ = ["InspectedScript", "ScriptOption", "inspect_script", "inspect_shell_script"]
