"""The studies that we ship, and how a twin is cut down: the same file with less to learn, on a smaller model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hptui.core.trial import Role, Trial
from hptui.operations.run import run as start
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir
from tests.support import trials, until

DEADLINE = 280.0
"""Seconds for a twin that was cut down, on a machine that is busy with the rest of the suite."""

STUDIES = Path(__file__).resolve().parents[2] / "studies"
PAIRS = (
    "math_sft_tpe",
    "charlm_days",
    "qwen_coder_lora",
    "director_ax",
    "director_ax_pareto",
    "director_ax_threshold",
    "tinyllama_table",
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A study that was run to its rest."""

    sd: StudyDir
    trials: list[Trial]

    @property
    def base(self) -> Trial:
        (found,) = [trial for trial in self.trials if trial.role is Role.BASE]
        return found

    def named(self, name: str) -> Trial:
        (found,) = [trial for trial in self.trials if trial.name == name]
        return found


def run(home: Path, path: Path, patience: float = DEADLINE) -> Ran:
    sd = start(home, str(path)).sd
    until(lambda: not runner_status(sd)["alive"], f"{path.stem} rests", seconds=patience)
    return Ran(sd, trials(sd))


def cut(name: str, folder: Path, **changes: object) -> Path:
    """The twin `name` with other values for some of its keys, each of which it must have."""
    text = (STUDIES / f"{name}.toml").read_text().replace("hptui:small-", "hptui:tiny-")
    for key, value in changes.items():
        text, count = re.subn(rf"(?m)^({key} *= ).*$", rf"\g<1>{value}", text)
        assert count, f"{name} has no {key}"
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path
