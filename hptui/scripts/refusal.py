"""The sentence about a parameter that cannot be passed to its script, and the ways out."""

from __future__ import annotations

from hptui.core.trial import Value
from hptui.core.values import show
from hptui.scripts.inspect.forms import normal_name


def refusal(reason: str, value: Value, name: str) -> tuple[str, str]:
    """Return the sentence and the advice for a parameter that cannot be passed."""
    way = "or another value"
    if isinstance(value, bool):
        way = f'or style = {{ booleans = {{ {normal_name(name)} = "True" }} }} for a word, "flag" for silence'
    elif isinstance(value, list):
        way = 'or lists = "comma" (spaced, repeated, json) in style'
    elif value is None:
        way = 'or nulls = "None" in style, or leave it out'
    return f"{show(value)} cannot be passed to the script: {reason}", f'"{{{name}}}" in the command, {way}'
