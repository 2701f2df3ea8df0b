"""The rate of an optimizer that Keras is given by its name is a parameter, and arrives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hptui.scripts import with_constants
from hptui.scripts.inspect import InspectedScript, inspect_script

IMPORTS = {
    "import keras": "keras",
    "from keras.models import Sequential": "keras",
    "import tensorflow as tf\nfrom keras.models import Sequential": "keras",
    "import tensorflow as tf\nk = tf.keras": "tensorflow.keras",
    "from tensorflow import keras": "tensorflow.keras",
    "from tensorflow.keras import layers": "tensorflow.keras",
    "import tf_keras as keras": "tf_keras",
}
UNCERTAIN = ("import tensorflow as tf", "import torch", "from tensorflow.keras import layers\nimport keras")
CALLS = (
    "model.compile(optimizer={0!r}, loss='mse')",
    "model.compile({0!r}, 'mse')",
    "model.compile(loss='mse', optimizer={0!r})",
)
RATES = {"adam": 1e-3, "Adam": 1e-3, "rmsprop": 1e-3, "sgd": 1e-2, "SGD": 1e-2, "nadam": 1e-3}
STAND_IN = """import json, types
class Found:
    @staticmethod
    def get(given):
        return given
optimizers = Found
models = layers = types.SimpleNamespace()
class Sequential:
    pass
models.Sequential = Sequential
"""
MODEL = """
class Model:
    def compile(self, optimizer="rmsprop", loss=None):
        print(__import__("json").dumps(optimizer))
model = Model()
"""


def seen(folder: Path, source: str) -> InspectedScript:
    (folder / "train.py").write_text(source)
    return inspect_script(folder / "train.py")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("imports", [*IMPORTS, *UNCERTAIN])
def test_the_rate_of_a_named_optimizer_is_searched(call: str, name: str, imports: str, tmp_path: Path) -> None:
    script = seen(tmp_path, f"{imports}\nmodel = make()\n{call.format(name)}\nmodel.fit(x, y, epochs=5)\n")
    options = {option.name: option.default for option in script.options}
    assert options.get("compile.learning_rate") == (RATES[name] if imports in IMPORTS else None)


@pytest.mark.parametrize("text", ["re.compile('adam')", "model.compile(optimizer=o)",
                                  "model.compile(optimizer='adadelta')",
                                  "model.compile('adam')\nother.compile('sgd')"])  # fmt: skip
def test_a_rate_that_is_not_certain_is_none(text: str, tmp_path: Path) -> None:
    script = seen(tmp_path, f"import keras, re\n{text}\nmodel.fit(x, y, epochs=5)\n")
    assert "compile.learning_rate" not in {option.name for option in script.options}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("imports", IMPORTS)
@pytest.mark.parametrize(
    "order", [("compile.learning_rate", "compile.optimizer"), ("compile.optimizer", "compile.learning_rate")]
)
def test_the_rate_arrives_with_the_name(call: str, imports: str, order: tuple[str, ...], tmp_path: Path) -> None:
    home = IMPORTS[imports].replace(".", "/")
    for package in {"tensorflow", "tensorflow/keras", home, "keras"}:
        (tmp_path / package).mkdir(parents=True, exist_ok=True)
        text = "from tensorflow import keras\n" if package == "tensorflow" else STAND_IN
        (tmp_path / package / "__init__.py").write_text(text)
        (tmp_path / package / "models.py").write_text("class Sequential: pass\n")
    (tmp_path / "train.py").write_text(f"{imports}\n{MODEL}{call.format('adam')}\n")
    is_named = "optimizer=" in call
    values = {"compile.learning_rate": 0.25} | ({"compile.optimizer": "sgd"} if is_named else {})
    words = [
        sys.executable,
        with_constants.__file__,
        json.dumps({name: values[name] for name in order if name in values}),
        "train.py",
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"class_name": "sgd" if is_named else "adam", "config": {"learning_rate": 0.25}}
