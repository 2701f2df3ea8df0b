"""Histories of adaptive searches with a known truth: `python -m tests.results.histories.make KIND RUNS FILE`.

A history is what Optuna's TPE (5 startup trials, multivariate) proposed for a made-up objective, and the values that
it was told. Only settings and values are kept, so that the tests of the statistics pay for no sampler. Noise has a
standard deviation of 1; an effect of k is k of those from one end of a setting's range to the other.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tests.results.histories import conditional

NAMES = ("a", "b", "c", "d", "e", "f")
"""a: log float 1e-5..1e-1; b, c: float 0..1; d: int 1..16; e: ordered choice of 4; f: category of 3."""
REAL: dict[str, tuple[str, ...]] = {
    "noise": (),
    "bowl": ("a",),
    "cliff": ("a",),
    "inter": ("a", "e"),
    "two": ("a", "b"),
    "conf": ("a",),
    "slope": ("a", "d"),
    "lin2": ("a", "b"),
    "lin4": ("a", "b"),
    "cat4": ("a", "f"),
    "ramp": ("a",),
    "shelf": ("a",),
    **conditional.REAL,
}
"""The settings that do something, by kind."""


BASE: dict[str, Any] = {"a": 1e-3, "b": 0.5, "c": 0.5, "d": 8, "e": 1, "f": 0}
"""The settings of the study file."""
OWN = ("gp", "ax")
"""Engines of hptui itself; `tpe` and `random` are Optuna's, asked directly."""


def mean(kind: str, unit: Any) -> float:
    """Return the true mean at a point whose ordered settings are positions 0–1."""
    if kind in conditional.REAL:
        return conditional.mean(kind, unit)
    a, b, _, d, e, f = unit
    if kind == "noise":
        return 0.0
    if kind == "bowl":
        return 40 * 4 * 0.8 * (a - 0.45) ** 2
    if kind == "cliff":
        return 10 * max(0, 0.55 - a) + 60 * max(0, a - 0.6) ** 1.5 + (40 if a >= 0.85 else 0)
    if kind == "inter":
        return 6 * ((a > 0.5) != (e > 0.5))
    if kind == "two":
        return 12 * 4 * (a - 0.45) ** 2 + 12 * abs(b - 0.3)
    if kind == "conf":
        return 20 * 4 * (a - 0.5) ** 2
    if kind == "slope":  # best at an end, and nothing inside is
        return 15 * (1 - a) + 6 * d
    if kind == "ramp":  # better and better, and then it diverges
        return 100.0 if a > 0.87 else 40 * (1 - a)
    if kind == "shelf":
        return 40 * (1 - a) + 20 * (a > 0.6)
    size = float(kind[3:])
    return 15 * 4 * (a - 0.4) ** 2 + size * (b if kind.startswith("lin") else float(f == 1))


def unit_of(params: dict[str, Any]) -> np.ndarray:
    """Return settings as positions; the category as its code."""
    position = (np.log10(params["a"]) + 5) / 4
    return np.array([position, params["b"], params["c"], (params["d"] - 1) / 15, params["e"] / 3, params["f"]])


def history(kind: str, seed: int, count: int, sampler: str = "tpe") -> tuple[np.ndarray, np.ndarray]:
    """Return the positions and values of one search by an engine of Optuna, or by hptui's own (`gp`, `ax`)."""
    if sampler in OWN:
        return _by_hptui(kind, seed, count, sampler)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions = optuna.distributions
    space = {
        "a": distributions.FloatDistribution(1e-5, 1e-1, log=True),
        "b": distributions.FloatDistribution(0, 1),
        "c": distributions.FloatDistribution(0, 1),
        "d": distributions.IntDistribution(1, 16),
        "e": distributions.IntDistribution(0, 3),
        "f": distributions.CategoricalDistribution([0, 1] if kind in conditional.REAL else [0, 1, 2]),
    }
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engines = {
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed, n_startup_trials=5, multivariate=True),
            "random": lambda: optuna.samplers.RandomSampler(seed=seed),
        }
        study = optuna.create_study(sampler=engines[sampler]())
        for params in _listed(kind, rng):
            study.enqueue_trial(params)
        units, values = np.empty((count, 6)), np.empty(count)
        for n in range(count):
            trial = study.ask(space)
            units[n] = unit_of(trial.params)
            if kind in conditional.REAL:
                units[n] = conditional.with_unused(units[n])
            values[n] = mean(kind, units[n]) + rng.normal()
            if np.isnan(units[n]).any():
                _tell_with_unused(study, trial, units[n], float(values[n]))
            else:
                study.tell(trial, values[n])
    return units, values


def _tell_with_unused(study: Any, trial: Any, unit: np.ndarray, value: float) -> None:
    """Tell a search a value, with the settings of the study file where they are not in use, as hptui does."""
    import optuna

    params = {**trial.params, **{name: BASE[name] for name, at in zip(NAMES, unit, strict=True) if np.isnan(at)}}
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    study.add_trial(optuna.trial.create_trial(params=params, distributions=trial.distributions, value=value))


def _listed(kind: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the trials that begin a search: of `conf` eight in which a, b and f move together."""
    listed = []
    for n in range(8 if kind == "conf" else 0):
        u = (n + 0.5) / 8
        rest = {"c": rng.random(), "d": int(rng.integers(1, 17)), "e": int(rng.integers(0, 4))}
        listed.append({"a": 10 ** (-5 + 4 * u), "b": u, **rest, "f": int(u > 0.5)})
    return listed


def _by_hptui(kind: str, seed: int, count: int, sampler: str) -> tuple[np.ndarray, np.ndarray]:
    """Return one search by an engine of hptui, rebuilt before every ask as a study does."""
    from hptui.core.expressions import parse
    from hptui.core.parameters import Choice, Float, Int
    from hptui.testing import searches

    when: dict[str, Any] = {}
    if kind in conditional.REAL:
        codes = {name: text.replace("'x'", "'0'").replace("'y'", "'1'") for name, text in conditional.WHEN.items()}
        when = {name: parse(text) for name, text in codes.items()}
    space = searches.make_space(
        [
            Float("a", 1e-5, 1e-1, log=True),
            Float("b", 0.0, 1.0, when=when.get("b")),
            Float("c", 0.0, 1.0, when=when.get("c")),
            Int("d", 1, 16, when=when.get("d")),
            Choice("e", (0, 1, 2, 3)),
            Choice("f", ("0", "1") if when else ("0", "1", "2")),
        ]
    )
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    units: list[np.ndarray] = []

    def measure(params: Any) -> dict[str, float]:
        unit = unit_of({**BASE, **params, "f": int(params["f"])})
        units.append(conditional.with_unused(unit) if when else unit)
        return {"loss": mean(kind, units[-1]) + rng.normal()}

    base = {**BASE, "f": str(BASE["f"])} if when else None
    first = [{**params, "f": str(params["f"])} for params in _listed(kind, rng)]
    trials = [searches.make_trial(n, params, measure(params)) for n, params in enumerate(first)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = searches.drive(searches.make_study(space, sampler, seed=seed, base=base), count, measure, trials)
    return np.array(units), np.array(searches.losses(done))


def main(kind: str, runs: int, file: Path, count: int = 40, first: int = 50_000, sampler: str = "tpe") -> None:
    """Write `runs` histories of a kind, `[run, trial, setting]` and `[run, trial]`, as 32-bit numbers."""
    made = [history(kind, first + run, count, sampler) for run in range(runs)]
    units = np.array([pair[0] for pair in made], np.float32)
    values = np.array([pair[1] for pair in made], np.float32)
    np.savez_compressed(file, units=units, values=values)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:6]), *sys.argv[6:7])
