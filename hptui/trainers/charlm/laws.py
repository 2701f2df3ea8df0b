"""The Step Law for `charlm`, which trains from scratch: from the settings alone."""

from __future__ import annotations

from collections.abc import Mapping, Set

from hptui.core.laws import Law, step_laws
from hptui.core.trial import Value


def laws(settings: Mapping[str, Value], searched: Set[str], directory: str) -> list[Law]:
    """Return what the law says of these settings; [] where the length of the training is not known.

    It is that of the baseline, whatever is `searched`.
    """
    numbers = {name: value for name, value in settings.items() if isinstance(value, int | float)}
    try:
        row = float(numbers["max_seq_len"] * numbers["gradient_accumulation"])
        tokens = numbers["steps"] * numbers["batch_size"] * row
        if not numbers["steps"]:
            tokens = numbers["epochs"] * numbers["train_chars"] * (1 - numbers["validation"])
        parameters = 12.0 * numbers["num_layers"] * numbers["model_dim"] ** 2
    except KeyError:
        return []
    return step_laws(parameters, tokens, row) if tokens > 0 else []
