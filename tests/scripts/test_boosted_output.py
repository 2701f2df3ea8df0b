"""What boosted trees and loggers of agents print under names that the script does not give."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script

TRAIN = """
import lightgbm as lgb
d, v = lgb.Dataset(X), lgb.Dataset(Y)
p = {{'metric': {metric!r}, 'n': 1}}
lgb.train(p, d, {given})
"""
FIT = "import lightgbm as lgb\nm = lgb.LGBMClassifier(n_estimators=9)\nm.fit(X, y, eval_metric={metric!r}, {given})\n"
SETS = {
    "[v]": ["valid_0"],
    "[d, v]": ["valid_1", "training"],
    "[v, d]": ["valid_0", "training"],
    "[v, w]": ["valid_1", "valid_0"],
}
PAIRS = {
    "[(V, v)]": ["valid_0"],
    "[(X, y), (V, v)]": ["valid_1", "training"],
    "(V, v)": ["valid_0"],
    "[(V, v), (X, y)]": ["valid_0", "training"],
}
SAID = ["verbose_eval=100", "callbacks=[lgb.log_evaluation(100)]", "callbacks=[lgb.early_stopping(50)]"]


def metrics_of(folder: Path, text: str) -> list[str]:
    (path := folder / "train.py").write_text(text)
    return inspect_script(path).metrics


@pytest.mark.parametrize(("sets", "said", "metric"), [*itertools.product(SETS, SAID, ["auc", "rmse"])])
def test_sets_without_names_are_numbered(sets: str, said: str, metric: str, tmp_path: Path) -> None:
    text = TRAIN.format(metric=metric, given=f"valid_sets={sets}, {said}")
    assert metrics_of(tmp_path, text) == [f"{name} {metric}" for name in SETS[sets]]


@pytest.mark.parametrize(("sets", "said", "metric"), [*itertools.product(PAIRS, SAID[1:], ["auc", "multi_logloss"])])
def test_sets_of_fit_are_numbered(sets: str, said: str, metric: str, tmp_path: Path) -> None:
    text = FIT.format(metric=metric, given=f"eval_set={sets}, {said}")
    assert metrics_of(tmp_path, text) == [f"{name} {metric}" for name in PAIRS[sets]]


@pytest.mark.parametrize("said", ["verbose_eval=False", "callbacks=[mine]", "num_boost_round=9"])
def test_a_training_that_prints_nothing_measures_nothing(said: str, tmp_path: Path) -> None:
    assert metrics_of(tmp_path, TRAIN.format(metric="auc", given=f"valid_sets=[v], {said}")) == []


@pytest.mark.parametrize("owner", ["logger", "self.logger", "tabular"])
@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("'EpRet', with_min_and_max=True", ["AverageEpRet"]),
        ("'EpRet', average_only=True", ["EpRet"]),
        ("'TestEpRet', with_min_and_max=True", ["AverageTestEpRet"]),
        ("'EpLen', average_only=True", []),
    ],
)
def test_stored_values_are_printed_as_means(owner: str, call: str, names: list[str], tmp_path: Path) -> None:
    found = metrics_of(
        tmp_path, f"from logx import EpochLogger\nself = logger = tabular = make()\n{owner}.log_tabular({call})\n"
    )
    assert found == names


MEAN = """
import lightgbm as lgb
import numpy as np
from sklearn.model_selection import KFold
scores = []
for fold, (a, b) in enumerate(KFold(5).split(X)):
    d, v = lgb.Dataset(X[a]), lgb.Dataset(X[b])
    model = lgb.train({{'metric': {metric!r}, 'learning_rate': 0.1}}, d, valid_sets=[v], verbose_eval=10)
    scores.append(model.best_score['valid_0'][{metric!r}])
print(scores)
print({mean})
"""


@pytest.mark.parametrize("mean", ["np.mean(scores)", "sum(scores) / len(scores)"])
@pytest.mark.parametrize(("metric", "is_error"), [("auc", False), ("rmse", True), ("binary_logloss", True)])
def test_the_mean_of_folds_without_a_name_comes_before_what_each_prints(
    mean: str, metric: str, is_error: bool, tmp_path: Path
) -> None:
    (path := tmp_path / "train.py").write_text(MEAN.format(metric=metric, mean=mean))
    script = inspect_script(path)
    assert script.metrics == ["scores"]
    assert (script.metrics[0] in script.minimized) is is_error
