"""A trainer: gradient descent on a parabola, with checkpoints."""

import json
from dataclasses import dataclass

from hptui.plugins import setting


@dataclass(frozen=True)
class BowlSettings:
    learning_rate: float = setting(0.1, "Step size", low=0.0)
    start: float = setting(3.0, "Where the descent begins")
    steps: int = setting(8, "Steps of the descent", low=1)


def train(settings, trial):
    x, first = settings.start, 1
    if trial.resume_from is not None:
        saved = json.loads((trial.resume_from / "x.json").read_text())
        x, first = saved["x"], saved["step"] + 1
    trial.total_steps = settings.steps
    for step in range(first, settings.steps + 1):
        x -= settings.learning_rate * 2 * x
        trial.report(step, loss=x * x)
        if trial.should_stop:
            state = json.dumps({"x": x, "step": step})
            trial.checkpoint(lambda folder, state=state: (folder / "x.json").write_text(state), step)
            break
    return {"loss": x * x}
