"""The goal of what a script only calls a score is that of what computes it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script

ERRORS = ["mean_squared_error", "mean_absolute_error", "log_loss", "mean_absolute_percentage_error", "brier_score_loss"]
SCORES = ["accuracy_score", "r2_score", "roc_auc_score", "f1_score", "balanced_accuracy_score"]
HEAD = """
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import {metric}
from sklearn.model_selection import KFold, train_test_split
model = RandomForestRegressor(n_estimators=50, max_depth=4)
X_train, X_valid, y_train, y_valid = train_test_split(X, y)
"""
WAYS = {
    "a variable": "score = {metric}(y_valid, model.predict(X_valid))\nprint('Validation score:', score)",
    "in the line": "print(f'Score: {{{metric}(y_valid, model.predict(X_valid)):.4f}}')",
    "its root": "print('Valid score:', np.sqrt({metric}(y_valid, model.predict(X_valid))))",
    "of a function": (
        "def evaluate(m):\n    return {metric}(y_valid, m.predict(X_valid))\nprint('Score:', evaluate(model))"
    ),
    "the mean of folds": (
        "scores = []\nfor fold, (a, b) in enumerate(KFold(5).split(X)):\n    model.fit(X[a], y[a])\n"
        "    scores.append({metric}(y[b], model.predict(X[b])))\nprint(f'CV score: {{np.mean(scores):.5f}}')"
    ),
    "alone": (
        "def score_dataset(m):\n    m.fit(X_train, y_train)\n    return {metric}(y_valid, m.predict(X_valid))\n"
        "print(score_dataset(model))"
    ),
}
TURNED = {
    "minus": "score = -{metric}(y_valid, model.predict(X_valid))\nprint('Score:', score)",
    "one without": "score = 1 - {metric}(y_valid, model.predict(X_valid))\nprint('Score:', score)",
}


def goal_of(tmp_path: Path, script: str) -> str:
    (path := tmp_path / "train.py").write_text(script)
    text, _ = study_file_of_script(path, tmp_path)
    return next(line for line in text.splitlines() if line.startswith("goal"))


@pytest.mark.parametrize(("way", "metric"), [*itertools.product(WAYS, [*ERRORS, *SCORES])])
def test_a_score_is_minimized_where_an_error_is_computed(way: str, metric: str, tmp_path: Path) -> None:
    script = (HEAD + WAYS[way]).format(metric=metric)
    assert goal_of(tmp_path, script) == f'goal = "{"minimize" if metric in ERRORS else "maximize"}"', script


@pytest.mark.parametrize(("way", "metric"), [*itertools.product(TURNED, ERRORS)])
def test_an_error_that_is_turned_around_is_maximized(way: str, metric: str, tmp_path: Path) -> None:
    assert goal_of(tmp_path, (HEAD + TURNED[way]).format(metric=metric)) == 'goal = "maximize"'


@pytest.mark.parametrize("scoring", ["neg_mean_squared_error", "neg_root_mean_squared_error", "neg_log_loss"])
@pytest.mark.parametrize("sign", ["", "-", "-1 * "])
def test_errors_of_scikit_learn_are_larger_where_they_are_better(scoring: str, sign: str, tmp_path: Path) -> None:
    script = HEAD.format(metric="r2_score") + (
        "from sklearn.model_selection import cross_val_score\n"
        f"scores = cross_val_score(model, X, y, scoring={scoring!r})\nprint('CV score:', {sign}scores.mean())\n"
    )
    assert goal_of(tmp_path, script) == f'goal = "{"minimize" if sign else "maximize"}"'


@pytest.mark.parametrize(
    "name", ["integrated brier score", "Brier score", "WER score", "FID score", "davies bouldin score"]
)
def test_scores_whose_names_say_that_they_are_errors_are_minimized(name: str, tmp_path: Path) -> None:
    script = HEAD.format(metric="r2_score") + f"print('Test {name}:', measure(model, X_valid))\n"
    assert goal_of(tmp_path, script) == 'goal = "minimize"'


@pytest.mark.parametrize("name", ["Val c-index", "Test C-index", "valid c_index", "eval_r", "ep_r", "test concordance"])
def test_concordance_and_rewards_in_letters_are_maximized(name: str, tmp_path: Path) -> None:
    script = (
        HEAD.format(metric="r2_score")
        + f"for epoch in range(9):\n    print(f'epoch {{epoch}} {name}: {{value:.3f}}')\n"
    )
    assert goal_of(tmp_path, script) == 'goal = "maximize"'
