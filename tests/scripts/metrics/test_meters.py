"""Running means behind the values of batches: what a pass over data has measured is its last mean."""

from __future__ import annotations

import random
from pathlib import Path
from statistics import fmean

import pytest

from tests.scripts.metrics.record import open_store
from tests.scripts.metrics.test_splits import curve

FORMS = {
    "tabs": ("{head}\tTime {time:.3f} ({time_mean:.3f})\t"
             "Loss {other:.4e} ({other:.4e})\tAcc@1 {value:6.2f} ({mean:6.2f})"),
    "colons": "{head}  Loss: {other:.3f} ({other:.3f})  Acc@1: {value:>7.3f} ({mean:>7.3f})",
    "equals": "INFO {head} time={time:.2f} ({time_mean:.2f}) Acc@1={value:.3f} ({mean:.3f})",
    "words": "{head} time {time:.2f} (avg: {time_mean:.2f}) Acc@1 {value:.3f} (avg: {mean:.3f})",
}  # fmt: skip
SUMMARIES = (" * Acc@1 {mean:.3f} Acc@5 {top:.3f}", "* Acc@1 {mean:.3f}")


def points(folder: Path, lines: list[str], objective: str) -> list[float]:
    """The points of an objective that are on record of what a script prints."""
    with open_store(folder) as store:
        return curve((folder, store), objective, lines)


def lines_of(form: str, head: str, values: list[float], every: int, rng: random.Random) -> list[str]:
    """What a pass prints: every so manyth batch with the mean up to it, and the last one."""
    times = [rng.uniform(0.1, 0.2) for _ in values]
    return [
        FORMS[form].format(
            head=head.format(n=n, total=len(values)),
            value=values[n],
            mean=fmean(values[: n + 1]),
            time=times[n],
            time_mean=fmean(times[: n + 1]),
            other=rng.uniform(1, 2),
        )
        for n in range(len(values))
        if n % every == 0 or n == len(values) - 1
    ]


def passes(form: str, seed: int, summary: str) -> tuple[list[str], list[float]]:
    """Epochs of training and test, and the means of the tests."""
    rng, lines, means = random.Random(f"{form} {seed}"), [], []
    for epoch in range(3):
        train = [rng.uniform(80, 99) for _ in range(13)]
        lines += lines_of(form, f"Epoch: [{epoch}][{{n:>3}}/{{total}}]", train, 4, rng)
        test = [rng.uniform(40, 70) for _ in range(9)]
        lines += lines_of(form, "Test: [{n:>3}/{total}]", test, 4, rng)
        means.append(fmean(test))
        lines += [summary.format(mean=means[-1], top=99.0)] if summary else []
    return lines, means


@pytest.mark.parametrize("form", FORMS)
def test_the_last_mean_of_each_test_is_recorded(form: str, tmp_path: Path) -> None:
    for seed, summary in enumerate(["", *SUMMARIES]):
        lines, means = passes(form, seed, summary)
        (folder := tmp_path / str(seed)).mkdir()
        assert points(folder, lines, "Acc@1") == pytest.approx(means, abs=6e-3), (form, summary)


@pytest.mark.parametrize("objective", ["loss", "Loss"])
def test_of_training_alone_each_mean_is_recorded(objective: str, tmp_path: Path) -> None:
    rng, lines, means = random.Random(objective), [], []
    for epoch in range(2):
        values = [rng.uniform(1, 3) for _ in range(5)]
        for n in range(5):
            means.append(fmean(values[: n + 1]))
            line = f"Epoch: [{epoch}]  [{n}/5]  eta: 0:00:01  lr: 0.001  loss: {values[n]:.4f} ({means[-1]:.4f})"
            lines.append(f"{line}  time: 0.0100  data: 0.0010")
    assert points(tmp_path, lines, objective) == pytest.approx(means, abs=1e-4)


@pytest.mark.parametrize(
    "line", ["AUC: {:.3f} (0.021)", "fold 2/5 AUC {:.3f} (0.02) F1 0.500 (0.03)", "AUC = {:.3f} (3)"]
)
def test_a_deviation_is_no_mean(line: str, tmp_path: Path) -> None:
    values = [0.811, 0.903, 0.702]
    assert points(tmp_path, [line.format(value) for value in values], "AUC") == values
