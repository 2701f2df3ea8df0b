"""A list with a number for each round is no metric; what XGBoost prints of each round is one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script

MADE = {
    "h = model.evals_result()\n": "h",
    "h = {}\nbooster = train(p, d, evals_result=h)\n": "h",
    "h = dict()\nbooster = train(p, d, callbacks=[lgb.record_evaluation(h)])\n": "h",
    "h = model.evals_result_\n": "h",
    "": "model.evals_result()",
    "search.fit(x, y)\n": "search.cv_results_",
    "self.run = net.fit(x, y)\n": "self.run.history",
}
"""Lines that make a table of histories, each with the expression that it is."""
ENTRIES = ("", "['valid']", "['valid']['logloss']")
TITLES = ("Access logloss metric directly:", "The final accuracy of all the rounds:", "Loss:", "Validation loss:")
PRINTS = ("print('{title}')\nprint({shown})\n", "print('{title}', {shown})\n", "print(f'{title} {{{shown}}}')\n",
          "print('{title}')\nprint('{{}}'.format({shown}))\n")  # fmt: skip


def seen(folder: Path, text: str) -> list[str]:
    path = folder / "train.py"
    path.write_text(text)
    return inspect_script(path).metrics


@pytest.mark.parametrize("made", MADE)
def test_a_history_that_is_printed_is_no_metric(made: str, tmp_path: Path) -> None:
    for entry, title, printed in itertools.product(ENTRIES, TITLES, PRINTS):
        shown = (MADE[made] + entry).replace("'", '"')
        text = "model = make()\nlr = 0.1\n" + made + printed.format(title=title, shown=shown)
        assert seen(tmp_path, text) == [], text
        if entry:  # one number of it is a metric
            text = "model = make()\nlr = 0.1\n" + made + printed.format(title="Validation loss:", shown=f"{shown}[-1]")
            assert len(seen(tmp_path, text)) == 1, text


SETS = ("[(x, y)]", "[(x, y), (v, w)]", "[(x, y), (v, w), (t, u)]", "((x, y), (v, w))")
MODELS = {
    ("XGBModel(objective='binary:logistic')", ""): ["logloss"],
    ("XGBModel(**common)", ""): ["logloss"],
    ("XGBClassifier(objective='multi:softprob')", ""): ["mlogloss"],
    ("XGBRegressor()", ""): ["rmse"],
    ("XGBRegressor(eval_metric='mae')", ""): ["mae"],
    ("XGBClassifier(eval_metric=['error', 'auc'])", ""): ["error", "auc"],
    ("XGBClassifier()", ", eval_metric='logloss'"): ["logloss"],
}
"""Models and arguments of `fit`, each with the metrics that are printed of each set."""


@pytest.mark.parametrize(("model", "given"), MODELS)
def test_a_fit_of_xgboost_prints_each_metric_of_each_set(model: str, given: str, tmp_path: Path) -> None:
    common = "common = {'objective': 'binary:logistic', 'n_estimators': 9}\n" if "**" in model else ""
    head = f"import xgboost as xgb\nlr = 0.1\n{common}"
    for sets, verbose in itertools.product(SETS, ("", ", verbose=True", ", verbose=10", ", verbose=False")):
        last = len(eval(sets, dict.fromkeys("xyvwtu"))) - 1
        for text in (
            f"m = xgb.{model}\nm.fit(x, y, eval_set={sets}{given}{verbose})\n",
            f"xgb.{model}.fit(x, y, eval_set={sets}{given}{verbose})\n",
            f"pairs = {sets}\nm = xgb.{model}\nm.fit(x, y, eval_set=pairs{given}{verbose})\n",
        ):
            metrics = seen(tmp_path, head + text)
            every = {f"validation_{n}-{metric}" for n in range(last + 1) for metric in MODELS[model, given]}
            if "False" in verbose:
                assert metrics == [], text
            else:
                assert {*metrics} == every, (text, metrics)
                assert metrics[0].startswith(f"validation_{last}-"), (text, metrics)
        other = f"m = CatBoostClassifier()\nm.fit(x, y, eval_set={sets}{given}{verbose})\n"
        assert not any(name.startswith("validation_") for name in seen(tmp_path, head + other))
