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


OWN = """
import numpy as np
from lightgbm import LGBMClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
oof = np.zeros(9)
for n_fold, (a, b) in enumerate(KFold(5).split(X)):
    clf = LGBMClassifier(learning_rate=0.1)
    clf.fit(X[a], y[a], eval_set=[(X[a], y[a]), (X[b], y[b])], eval_metric='auc', verbose=200)
    oof[b] = clf.predict_proba(X[b])[:, 1]
    print('Fold %2d AUC : %.6f' % (n_fold + 1, roc_auc_score(y[b], oof[b])))
print('{whole} %.6f' % roc_auc_score(y, oof))
"""


@pytest.mark.parametrize("whole", ["Full AUC score", "Overall AUC", "OOF AUC score", "CV AUC"])
def test_what_is_measured_over_all_folds_comes_before_what_is_printed_of_each(whole: str, tmp_path: Path) -> None:
    metrics = metrics_of(tmp_path, OWN.format(whole=whole))
    assert metrics[0].lower().replace("_", " ") == whole.lower()
    assert metrics.index("valid_1 auc") > metrics.index(metrics[0])


CV = """
import xgboost as xgb
params = {{'max_depth': 2, 'objective': 'binary:logistic'}}
xgb.cv(params, d, 9, {given})
"""


@pytest.mark.parametrize("said", ["verbose_eval=True", "callbacks=[xgb.callback.print_evaluation(show_stdv=True)]"])
@pytest.mark.parametrize("metrics", ["'error'", "{'error'}", "['error']", "('error',)"])
def test_a_cross_validation_of_xgboost_prints_means_of_each_round(said: str, metrics: str, tmp_path: Path) -> None:
    text = CV.format(given=f"metrics={metrics}, {said}")
    assert metrics_of(tmp_path, text) == ["test-error", "train-error"]


def test_a_cross_validation_that_prints_nothing_measures_nothing(tmp_path: Path) -> None:
    assert metrics_of(tmp_path, CV.format(given="metrics='error'")) == []
