"""Reads a training script without running it: which parameters it takes, how they are passed, what it measures."""

from hptui.scripts.inspect.forms import FormKind, OptionForm, Reads
from hptui.scripts.inspect.look import declared_forms, forms_of, inspect_options, inspect_script
from hptui.scripts.inspect.shell_script import inspect_shell_script
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption

__all__ = [
    "FormKind",
    "InspectedScript",
    "OptionForm",
    "Reads",
    "ScriptOption",
    "declared_forms",
    "forms_of",
    "inspect_options",
    "inspect_script",
    "inspect_shell_script",
]
