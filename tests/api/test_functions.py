"""A Python function as a trainer: of a script without a guard, of a module, of a notebook, and where it cannot be."""

import pytest

from hptui.store.paths import StudyDir
from tests.support import hptui, trials, until

SCRIPT = """
import hptui

OFFSET = 3.0

def shifted(x):
    return x + OFFSET

def objective(x=0.5, *, width=8, trial=None):
    trial.report(1, loss=shifted(x))
    return shifted(x)

tell(file=__file__, name=__name__)
found = hptui.run_optimization(objective, num_trials=3, search_space={"x": [0.0, 1.0], "width": [8, 16, 32]},
                               sampler="random", verbose=False)
tell(best=found.best_loss, params=found.best_params, name=found.name)
"""


def test_a_script_without_a_guard_is_run_once_and_its_functions_in_workers(folder):
    found = folder.python(SCRIPT, name="tune.v2.py")
    assert folder.out.count("@@") == 2, "nothing was printed by verbose=False, and the script ran once"
    done = trials(StudyDir(folder.home / found["name"]))
    assert [one.status for one in done] == ["complete"] * 3
    assert found["best"] == min(one.values["loss"] for one in done) == pytest.approx(3.0 + found["params"]["x"])
    assert found["name"] == "tune-v2-objective"


ARGUMENTS = """
import argparse
import hptui

parser = argparse.ArgumentParser()
parser.add_argument("--scale", type=float, required=True)
parser.add_argument("--api-key")
args = parser.parse_args()

def train(lr=0.5):
    return args.scale * lr

found = hptui.run_optimization(train, num_trials=2, search_space={"lr": [0.1, 0.9]}, sampler="random", name="scaled")
tell(**found)
"""


def test_the_arguments_of_a_script_are_those_of_its_functions_too(folder):
    """Also in a study that goes on later, from another terminal."""
    found = folder.python(ARGUMENTS, "--scale", "8")
    assert found["baseline_loss"] == 4.0
    hptui(folder.home, "run", "scaled", "--trials", "+1")
    done = trials(StudyDir(folder.home / "scaled"))
    assert [one.values["loss"] for one in done] == [pytest.approx(8 * one.params.get("lr", 0.5)) for one in done]
    assert len(done) == 3


def test_arguments_that_look_like_a_secret_are_passed_on_and_not_kept(folder):
    found = folder.python(ARGUMENTS, "--scale", "8", "--api-key", "swordfish")
    assert found["baseline_loss"] == 4.0
    assert "its arguments are not recorded" in folder.out
    files = [path for path in folder.home.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if b"swordfish" in path.read_bytes()]
    later = hptui(folder.home, "run", "scaled", "--trials", "+1")
    assert later.returncode == 2
    assert "script.py ends by itself (SystemExit: 2) when it is loaded for its functions" in later.stderr


def test_the_same_call_again_is_another_study(folder):
    first, second = (folder.python(SCRIPT)["name"] for _ in range(2))
    assert (first, second) == ("script-objective", "script-objective-2")


def test_a_function_of_a_module_or_package_is_found_there(folder):
    package = folder.root / "lab" / "parts"
    package.mkdir(parents=True)
    (folder.root / "lab" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "scale.py").write_text("FACTOR = 10\n")
    (package / "work.py").write_text(
        "from .scale import FACTOR\n"
        "def train(lr=0.5):\n    assert __name__ == 'lab.parts.work'\n    return FACTOR * lr\n"
    )
    found = folder.python(
        """
        import hptui
        from lab.parts.work import train
        if __name__ == "__main__":
            found = hptui.run_optimization(train, num_trials=2, search_space={"lr": [0.1, 1.0]}, name="packed")
            tell(**found)
        """
    )
    assert found["baseline_loss"] == 5.0
    assert found["name"] == "packed"


NOTEBOOK = '''
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()

def cell(text):
    result = shell.run_cell(text)
    result.raise_error()
    return result.result

cell("""
import math
import xml.etree.ElementTree
from dataclasses import dataclass
import numpy as np
import hptui

BASE = {"offset": 2.0}
weights = [1, 2, 3]
loss = object()   # a name that the function has of its own, too

@dataclass
class Batch:
    size: int
    def cost(self):
        return self.size / BASE["offset"]

def halved(x: float) -> float:
    return x / 2 if x < 100 else halved(x)
""")
cell("""
def train(lr=0.01, size=4, *, trial):
    assert __name__ == "notebook"
    loss = halved(abs(math.log10(lr) + 2)) + Batch(size).cost() + float(np.sum(weights))
    assert xml.etree.ElementTree.Element("a").tag == "a"
    for step in range(2):
        trial.report(step, loss=loss)
    return {"loss": loss}
""")
'''


def test_a_function_of_a_notebook_takes_what_it_uses_along(folder):
    found = folder.python(
        NOTEBOOK
        + '''
found = cell("""
hptui.run_optimization(train, num_trials=3, search_space={"lr": [1e-4, 1e-1], "size": [4, 8]}, verbose=False)
""")
tell(**found)
'''
    )
    assert found["baseline_loss"] == pytest.approx(0 + 4 / 2 + 6)
    assert found["completed_trials"] == 3
    source = (folder.home / "train" / "source" / "notebook.py").read_text()
    assert source.index("class Batch") < source.index("def train")
    assert "loss = object" not in source


@pytest.mark.parametrize(
    ("definition", "call", "said"),
    [
        ("data = object()\ndef train(lr=0.1): return lr if data else 0", "train", "train uses 'data', an object that"),
        ("def train(lr=0.1): return lr + missing", "train", "train uses 'missing', which is not defined"),
        ("", "lambda lr=0.1: lr", "'<lambda>' cannot be found by another process"),
        ("def outer():\n    def inner(lr=0.1): return lr\n    return inner", "outer()", "inner' cannot be found"),
        ("import functools", "functools.partial(print, sep='')", "partial objects cannot be run by another process"),
        ("exec('def train(lr=0.1): return lr')", "train", "the source of 'train' cannot be had"),
    ],
)
def test_what_another_process_cannot_have_is_said_before_anything_starts(folder, definition, call, said):
    found = folder.python(
        NOTEBOOK
        + f"""
cell({definition!r})
try:
    cell("hptui.run_optimization({call}, num_trials=2, search_space={{'lr': [0.1, 0.9]}})")
except hptui.HptuiError as error:
    tell(said=str(error))
""".replace("except hptui.", "except __import__('hptui').")
    )
    assert said in found["said"]
    assert not list(folder.home.glob("*"))


def test_arguments_without_defaults_have_no_baseline(folder):
    found = folder.python(
        """
        import hptui
        def train(lr, depth=2):
            return lr * depth
        found = hptui.run_optimization(train, num_trials=2, search_space={"lr": [0.1, 0.9]}, objectives="score",
                                       minimize=False)
        tell(**found)
        """
    )
    assert "there is no baseline, because lr has no default" in folder.out
    assert found["completed_trials"] == 2
    assert found["baseline_loss"] is None
    assert found["best_loss"] == max(one["values"]["score"] for one in found["trials"])


def test_mistakes_name_what_is_wrong(folder):
    found = folder.python(
        """
        import hptui, os
        from train import director

        def told(*words, **more):
            try:
                hptui.run_optimization(*words, verbose=False, **more)
            except hptui.HptuiError as error:
                return str(error)

        space = {"learning_rate": [1e-5, 1e-3]}
        said = [
            told(director, search_space={"learning_rat": [1e-5, 1e-3]}),
            told(director),
            told(director, search_space=space, constraints=["lora_rank ** ** 2"]),
            told(director, search_space=space, early_stopping=hptui.EarlyStoppingCallback(0.7, check_at=10)),
            told(director, search_space=space, objectives=["a", "b"], minimize=[True]),
            told(director, search_space={"learning_rate": [1e-3, 1e-5]}),
            told(director, search_space={"lora_rank": []}),
            told("nowhere.toml"),
            told(director, search_space=space, options={"search.prunner": "median"}),
        ]
        os.remove("director.toml")
        said.append(told(num_trials=3))
        tell(said=said)
        """
    )
    expected = [
        "did you mean 'learning_rate'?",
        "there is nothing to search",
        "constraints",
        "check_at = 10 is no share",
        "minimize has 1 values for 2 objectives",
        "low < high",
        "search_space.lora_rank: has no value",
        "there is no study file 'nowhere.toml'",
        "did you mean 'pruner'?",
        "what shall be trained?",
    ]
    for said, wanted in zip(found["said"], expected, strict=True):
        assert wanted in said


def test_when_nothing_is_usable_an_error_says_so_and_not_a_number(folder):
    found = folder.python(
        """
        import hptui
        def train(lr=0.1):
            raise ValueError("no data")
        try:
            hptui.run_optimization(train, num_trials=5, search_space={"lr": [0.1, 0.9]})
        except hptui.HptuiError as error:
            tell(said=str(error), kind=type(error).__name__)
        """
    )
    assert found["kind"] == "NoUsableTrial"
    assert "the first 3 trials all failed (crash)" in found["said"]
    assert "no data" in found["said"]


def test_a_killed_script_loses_nothing(folder):
    script = """
        import hptui
        def train(lr=0.1):
            return lr
        hptui.run_optimization(train, num_trials=5, search_space={"lr": [0.1, 0.9]}, output_dir="out", sampler="random")
    """
    process = folder.start(script)
    until(lambda: (folder.home / "script-train" / "trials" / "0001").exists())
    process.kill()
    process.communicate()
    found = folder.python(
        """
        import hptui
        tell(**hptui.resume_optimization(checkpoint="out/optimization_checkpoint.json", verbose=False))
        """,
        name="again.py",
    )
    assert found["completed_trials"] == found["n_trials"] == 5
