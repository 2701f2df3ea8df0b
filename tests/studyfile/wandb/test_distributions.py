"""Our reading of distributions against that of W&B's own library, which lives in a scratch environment."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hptui import studyfile
from hptui.studyfile.wandb import convert

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.timeout(600)]

QUANTILES = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]
PROGRAM = """
import json, sys
from sweeps.params import HyperParameter
asked, points = json.load(sys.stdin)
told = []
for config in asked:
    parameter = HyperParameter("x", config)
    told.append([float(parameter.ppf(point)) for point in points])
print(json.dumps(told))
"""
DRAWS = 3000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of an environment with `sweeps`, which needs an old numpy."""
    folder = tmp_path_factory.mktemp("sweeps")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "sweeps>=0.3,<0.4", "numpy<2"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"sweeps cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return folder / "bin" / "python"


def made(rng: random.Random) -> dict[str, Any]:
    """A parameter of a sweep, at random."""
    low = rng.choice([0.001, 0.5, 1.0, 4.0])
    high = low * rng.choice([2.0, 10.0, 100.0])
    kind = rng.choice(
        ["uniform", "log_uniform_values", "inv_log_uniform_values", "log_uniform", "int_uniform", "q_uniform", "normal",
         "log_normal", "beta", "q_normal", "q_log_uniform_values", "guess"]
    )  # fmt: skip
    if kind == "guess":
        return rng.choice([{"min": 1, "max": 9}, {"min": 0.5, "max": 9.5}, {"min": 0.1, "max": 2.5}])
    if kind in ("normal", "log_normal", "q_normal"):
        spread = {"mu": rng.choice([0.0, 2.0, -1.0]), "sigma": rng.choice([0.25, 1.0])}
        return {"distribution": kind, **spread, **({"q": 0.5} if kind == "q_normal" else {})}
    if kind == "beta":
        return {"distribution": kind, "a": rng.choice([0.5, 2.0]), "b": rng.choice([1.0, 5.0])}
    if kind == "log_uniform":
        return {"distribution": kind, "min": rng.choice([-7.0, 0.0]), "max": rng.choice([0.5, 2.0])}
    if kind == "int_uniform":
        return {"distribution": kind, "min": rng.randint(0, 3), "max": rng.randint(5, 40)}
    if kind == "q_uniform":
        return {"distribution": kind, "min": 0.0, "max": 8.0, "q": rng.choice([0.5, 0.25])}
    if kind == "q_log_uniform_values":
        return {"distribution": kind, "min": 8.0, "max": 256.0, "q": 8.0}
    return {"distribution": kind, "min": low, "max": high}


def test_quantiles_are_those_of_wandbs_library(library: Path) -> None:
    rng = random.Random(26)
    configs = [made(rng) for _ in range(60)]
    asked = json.dumps([configs, QUANTILES])
    done = subprocess.run([library, "-c", PROGRAM], input=asked, capture_output=True, text=True, check=True)
    for config, theirs in zip(configs, json.loads(done.stdout), strict=True):
        sweep = {"program": "t.py", "method": "random", "metric": {"name": "loss"}, "parameters": {"x": config}}
        [parameter] = studyfile.from_json(convert(sweep, "s.yaml", []).document).space.parameters
        drawn = sorted(float(parameter.sample(random.Random(n))) for n in range(DRAWS))
        for point, value in zip(QUANTILES, theirs, strict=True):
            # Of that many draws, the share below a value is right within four deviations; ties of steps count half.
            below = sum(item < value - 1e-9 for item in drawn) / DRAWS
            up_to = sum(item <= value + 1e-9 for item in drawn) / DRAWS
            slack = 4 * (point * (1 - point) / DRAWS) ** 0.5 + 0.01
            assert below - slack <= point <= up_to + slack, (config, point, value, below, up_to)
