"""Looks up the declared form of a parameter, and divides tables into the values that are passed one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hptui.core.trial import Value
from hptui.scripts.inspect.forms import FormKind, OptionForm, Reads, normal_name
from hptui.scripts.styles import ArgumentStyle, spelling

Forms = Mapping[str, OptionForm]
"""Declared forms of a script's options by name."""


def form_of(forms: Forms, style: ArgumentStyle, name: str) -> OptionForm | None:
    """Return the declared form of a parameter; None if the script's source does not show it."""
    form = forms.get(normal_name(name)) or forms.get(normal_name(spelling(style, name)))
    if form is None or style.also == "wandb" or form.kind is FormKind.VARIABLE:
        return None
    return form if style.prefix.startswith("-") or form.reads is Reads.HYDRA else None


def values_to_pass(
    parameters: Mapping[str, Value], style: ArgumentStyle, forms: Forms, prefix: str = ""
) -> Iterator[tuple[str, Value]]:
    """Yield parameters by dotted name, tables divided unless one option takes them as a whole."""
    for short_name, value in parameters.items():
        name = prefix + short_name
        if isinstance(value, dict) and value and not _is_one_option(forms, style, name):
            yield from values_to_pass(value, style, forms, f"{name}.")
        else:
            yield name, value


def _is_one_option(forms: Forms, style: ArgumentStyle, name: str) -> bool:
    """Return whether the script declares an option of this name, and none for the entries of its table."""
    form = form_of(forms, style, name)
    if form is None or form.reads is Reads.HYDRA:
        return False
    within = tuple(f"{start}." for start in (normal_name(name), normal_name(spelling(style, name))))
    return not any(option.startswith(within) for option in forms)
