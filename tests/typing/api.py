"""A program that uses the public names. `test_api` has mypy check it: each type is the one that users see.

A line that ends with `type: ignore[…]` must be refused: mypy complains of an ignore that it does not need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

import hptui
from hptui.api.reading import MetricCurve, OpenStudy, OpenTrial
from hptui.api.run import Results


def train(learning_rate: float) -> float:
    hptui.report(1, loss=learning_rate, progress=0.5)
    assert_type(hptui.should_stop(), bool)
    return learning_rate


def optimize(folder: Path) -> Results:
    stop = hptui.EarlyStoppingCallback(threshold=2.0, check_at=0.5)
    assert_type(stop.threshold, float)
    try:
        return hptui.run_optimization(
            train,
            search_space={"learning_rate": (1e-5, 1e-3)},
            num_trials=3,
            output_dir=folder,
            early_stopping=stop,
        )
    except hptui.HptuiError as error:
        assert_type(error.message, str)
        raise


def read() -> None:
    study = hptui.open_study("name", home=Path("home"))
    assert_type(study, OpenStudy)
    assert_type(study.best, OpenTrial | None)
    assert_type(study.trials, list[OpenTrial])
    assert_type(study[0].curve("loss"), MetricCurve)
    assert_type(hptui.resume_optimization("name", additional_trials=5), Results)
    assert_type(hptui.__version__, str)
    callback: Any = hptui.HptuiCallback()
    callback.on_train_begin(None, None, None)


def mistakes() -> None:
    hptui.run_optimisation(train)  # type: ignore[attr-defined]
    hptui.run_optimization(train, num_trials="3")  # type: ignore[arg-type]
    hptui.run_optimization(train, trials=3)  # type: ignore[call-arg]
    hptui.open_study(5)  # type: ignore[arg-type]
    hptui.report()  # type: ignore[call-arg]
    hptui.should_stop("now")  # type: ignore[call-arg]
    hptui.EarlyStoppingCallback()  # type: ignore[call-arg]
