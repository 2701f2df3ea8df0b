"""The formats of `hptui export --format`, and what an exporter is asked for.

Formats that need Optuna, Ax or the script's own options are written in `hptui.operations.export`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.trial import Trial
from hptui.plugins import ExporterSpec
from hptui.results.export.config import render_trial
from hptui.results.view import View
from hptui.store.reader import StoreReader


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """How to export: format, names (ours -> theirs), and where to.

    An exporter also gets the `trials` to write, `single` where one was asked for instead of all, and a `reader` of the
    store for curves.
    """

    how: str = "yaml"
    changed_only: bool = False
    hyphens: bool = False
    prefix: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    output: Path | None = None
    trials: tuple[Trial, ...] = ()
    single: bool = False
    reader: StoreReader | None = None

    def curve(self, trial: int, metric: str) -> list[tuple[int, float, float]]:
        """Return the points (step, value, seconds) of a trial's metric."""
        return self.reader.curve(trial, metric) if self.reader is not None else []


def write_settings(request: ExportRequest, view: View) -> bytes:
    """Return the settings of one trial, or all trials, as text in one of the built-in formats."""
    if request.single:
        text = render_trial(
            view,
            request.trials[0],
            request.how,
            changed_only=request.changed_only,
            hyphens=request.hyphens,
            names=request.names,
            prefix=request.prefix,
        )
    else:
        from hptui.results.export.trial_table import render_trials  # pyarrow: 150 ms

        changed_only = request.changed_only
        text = render_trials(view, request.how, changed_only=changed_only, hyphens=request.hyphens, names=request.names)
    return text.encode()


def _text(name: str, help: str, *suffix: str) -> ExporterSpec:
    return ExporterSpec(name, help, "all", suffix, write_settings)


YAML = _text("yaml", "Settings as YAML.", ".yaml", ".yml")
JSON = _text("json", "Settings as JSON.", ".json")
TOML = _text("toml", "Settings as TOML; all trials as [[trial]] tables of a study file.", ".toml")
CSV = _text("csv", "One row for each trial.", ".csv")
PYTHON = _text("python", "Settings as a Python dictionary.", ".py")
ENV = _text("env", "Settings of one trial as environment variables.", ".env")
FLAGS = ExporterSpec("flags", "The options of a command line.", "all", (".sh",), "hptui.operations.export:write_flags")
PARQUET = ExporterSpec(
    "parquet",
    "One row for each trial, typed.",
    "study",
    (".parquet",),
    "hptui.operations.export:write_parquet",
    binary=True,
    example="trials.parquet",
)
OPTUNA = ExporterSpec(
    "optuna",
    "A storage that Optuna and its dashboard open.",
    "study",
    (".db", ".sqlite3"),
    "hptui.operations.export:write_optuna_storage",
    binary=True,
    example="study.db",
)
AX = ExporterSpec(
    "ax",
    "A snapshot of Ax's client.",
    "study",
    (),
    "hptui.operations.export:write_ax_snapshot",
    binary=True,
    example="client.json",
)
SWEEP = ExporterSpec("sweep", "A W&B sweep file.", "study", (), "hptui.operations.export:write_sweep")
TENSORBOARD = ExporterSpec(
    "tensorboard",
    "A folder of runs for TensorBoard.",
    "study",
    (),
    "hptui.operations.export:write_tensorboard_runs",
    binary=True,
    folder=True,
    example="tensorboard",
)
WANDB = ExporterSpec(
    "wandb",
    "A folder of offline runs for W&B.",
    "study",
    (),
    "hptui.operations.export:write_wandb_runs",
    binary=True,
    folder=True,
    example="wandb",
)
