"""Numpy and scipy are loaded with one thread of linear algebra, and not for a study that is too small for them."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hptui
from hptui.results.analysis.scores import _quantile
from tests.import_graph import loaded_by, name_of
from tests.results import seeds

PACKAGE = Path(hptui.__file__).parent
LIBRARIES = {"numpy", "scipy", "matplotlib"}


SMALL = """
    name = "small"
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "toy"
    [space]
    learning_rate = { low = 1e-4, high = 1.0, log = true }
"""


def loads(node: ast.AST) -> bool:
    """Return whether a statement loads one of the libraries, by itself or by way of a module of ours."""
    names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
    names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return any(
        name.split(".")[0] in LIBRARIES or (name.startswith("hptui.") and loaded_by(name) & LIBRARIES) for name in names
    )


def unguarded(source: str) -> list[str]:
    """List the functions that load a library without a call of `blas.load` before it."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef) and any(map(loads, ast.walk(function))):
            statements = [ast.unparse(statement) for statement in function.body]
            first = next(i for i, statement in enumerate(function.body) if any(map(loads, ast.walk(statement))))
            if "blas.load()" not in statements[:first]:
                found.append(function.name)
    return found


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "results").rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_what_loads_numpy_in_a_function_asks_for_one_thread_first(path: Path) -> None:
    loaded_before = loaded_by(name_of(path)) & LIBRARIES
    if path.name != "blas.py" and not loaded_before:
        assert unguarded(path.read_text()) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("import numpy as np", ["f"]),
        ("from scipy import stats", ["f"]),
        ("from hptui.results.analysis.kernel import Model", ["f"]),
        ("from scipy import stats; blas.load()", ["f"]),
        ("blas.load(); from scipy import stats", []),
        ("import math", []),
    ],
)
def test_a_function_that_does_not_ask_is_seen(body: str, found: list[str]) -> None:
    assert unguarded(f"def f(): {body}") == found


def test_quantiles_are_those_of_numpy_to_the_bit() -> None:
    for seed in range(2000):
        draw = random.Random(seed)
        values = [draw.gauss(0, 1) * 10 ** draw.choice([0, 0, -300, 300]) for _ in range(draw.randint(1, 30))]
        values = [draw.choice([value, round(value)]) if abs(value) < 10 else value for value in values]
        for share in (0.25, 0.5, 0.75):
            assert _quantile(sorted(values), share) == float(np.quantile(values, share)), (values, share)


FIRST_SCREEN = """
import sys
from pathlib import Path
from hptui.operations.report import brief_lines
from hptui.store.paths import StudyDir
print(len(brief_lines(StudyDir(Path(sys.argv[1])))), sorted(set(sys.modules) & {"numpy", "scipy"}))
"""


@pytest.mark.process
def test_the_first_screen_of_a_small_study_loads_neither(tmp_path: Path) -> None:
    values = (0.5, 0.25, 0.75)
    trials = [seeds.one(n, {"learning_rate": 10.0**-n}, {"val_loss": value}) for n, value in enumerate(values, start=1)]
    sd = seeds.build(tmp_path, SMALL, trials)
    done = subprocess.run(
        [sys.executable, "-c", FIRST_SCREEN, str(sd.root)], capture_output=True, text=True, check=True
    )
    lines, loaded = done.stdout.split(maxsplit=1)
    assert int(lines) >= 8
    assert loaded.strip() == "[]"
