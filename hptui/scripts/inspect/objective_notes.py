"""What the user should know of the metric that a study file names as the objective."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.scripts.inspect.outputs.chance import OF_FOLDS
from hptui.scripts.inspect.outputs.ranking import is_training_metric
from hptui.scripts.inspect.syntax import InspectedScript


def is_of_training(script: InspectedScript) -> bool:
    """Return whether the first metric is of training data, as all are, or by what shows it."""
    return all(map(is_training_metric, script.metrics)) or script.metrics[0] in script.of_training


def notes_on_objective(script: InspectedScript) -> Iterator[str]:
    """Yield what makes the first metric a lesser objective."""
    first = next(iter(script.metrics), "")
    if first and is_of_training(script):
        what = "a training loss" if "loss" in first.lower() else "a metric of training data"
        yield (
            f"only {what} was recognised ({first}), which says how well the model fits what it has seen: let the script"
            " print a loss of held-out data, such as val_loss"
        )
    if first and script.chance.get(first) == OF_FOLDS:
        yield f"{first} is of each fold, and no mean over the folds was recognised: let the script print one"
