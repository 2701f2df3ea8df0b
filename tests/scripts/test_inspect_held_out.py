"""Of what is measured of the training and of held-out data, that of held-out data is the objective."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script
from tests.scripts.test_inspect_libraries import seen

FIT = """from {lib} import *
m = Model(4)
m.compile('adagrad', 'bce', metrics=[{metrics}])
m.fit(x, y, epochs=3, {held}verbose=2)
"""
PRINTED = "print('test {name}', round(score(z, m.predict(w)), 4))\n"


@pytest.mark.parametrize("metric", ["auc", "acc", "mse", "accuracy"])
@pytest.mark.parametrize("held", ["validation_split=0.2, ", "validation_data=(a, b), "])
@pytest.mark.parametrize("lib", ["deepctr_torch.models", "some.models"])
def test_what_fit_measures_of_held_out_data_is_the_objective(lib: str, held: str, metric: str, tmp_path: Path) -> None:
    end = PRINTED.format(name=metric.upper())
    script = seen(tmp_path, FIT.format(lib=lib, metrics=repr(metric), held=held) + end)
    assert script.metrics[:2] == [f"val_{metric}", f"test_{metric}"]
    assert "val_loss" not in script.metrics  # other libraries than Keras may print none
    none = seen(tmp_path, FIT.format(lib=lib, metrics=repr(metric), held="") + end)
    assert none.metrics == [f"test_{metric}", metric]


@pytest.mark.parametrize("split", ["test", "val", "dev"])
@pytest.mark.parametrize("name", ["AUC", "acc", "F1", "loss"])
@pytest.mark.parametrize("form", ["'{s} {n}', {v}", "f'{s} {n} {{{v}:.4f}}'", "'{s} {n} %.4f' % {v}"])
def test_the_end_of_a_name_of_held_out_data_is_no_name_of_its_own(
    form: str, name: str, split: str, tmp_path: Path
) -> None:
    printed = f"print({form.format(s=split, n=name, v='round(score, 4)')})\n"
    (tmp_path / "train.py").write_text(f"score = measure()\n{printed}")
    assert inspect_script(tmp_path / "train.py").metrics == [f"{split}_{name.lower()}"]
