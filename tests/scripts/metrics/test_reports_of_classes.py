"""Reports of classes, as scikit-learn and seqeval print them: means and accuracy are metrics, counts are none."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script
from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store

NEXT = count(1)
LABELS = (("0", "1"), ("class 0", "positive"), ("LOC", "PER"), ("cat", "no dog"))
STARTS = (
    "",
    "Classification Report:\n",
    "2024-01-02 03:04:05,123 - INFO - ",
    "INFO:root:\n",
    "[INFO] ",
    "epoch 3 loss 0.5\n",
)


def report(labels: tuple[str, ...], digits: int, whole: str, value: float) -> str:
    rows = [[label, *(f"{value + n / 64:.{digits}f}" for n in range(3)), "80"] for label in labels]
    rows += [[whole, "", "", f"{value:.{digits}f}", "160"]] if whole == "accuracy" else []
    rows += [
        [mean, *(f"{value + n / 32:.{digits}f}" for n in range(3)), "160"] for mean in ("macro avg", "weighted avg")
    ]
    head = ["", "precision", "recall", "f1-score", "support"]
    width = max(len(row[0]) for row in rows)
    lines = [" ".join([head[0].rjust(width), *(name.rjust(digits + 7) for name in head[1:])]), ""]
    lines += [" ".join([row[0].rjust(width), *(cell.rjust(digits + 7) for cell in row[1:])]) for row in rows]
    return "\n".join(lines) + "\n\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("reports")
    with open_store(folder) as store:
        yield folder, store


@pytest.mark.parametrize(("labels", "start"), [*itertools.product(LABELS, STARTS)])
def test_means_and_accuracy_are_recorded(place: tuple[Path, Store], labels: tuple[str, ...], start: str) -> None:
    for digits, asked in ((2, "loss"), (4, "accuracy"), (2, "macro_avg_f1_score"), (4, "weighted f1")):
        one = Script(*place, next(NEXT), asked)
        one.begin()
        one.say("".join(start + report(labels, digits, "accuracy", value) for value in (0.25, 0.5)).encode())
        one.end()
        names = set(one.store.read.metric_names(one.number))
        assert one.values("accuracy") == [0.25, 0.5], names
        named = {"macro_avg_f1_score": "macro_avg_f1_score", "weighted f1": "weighted_avg_f1_score"}
        for objective, name in named.items():
            mine = objective if objective == asked else name
            assert one.values(mine) == [pytest.approx(v + 2 / 32, abs=0.006) for v in (0.25, 0.5)], names
        assert not {name for name in names if "support" in name}


PRINTED = ("print(classification_report(y, p))", "r = classification_report(y, p)\nprint(f'Report: {r}')",
           "logging.info('%s', metrics.classification_report(y, p, digits=4))")  # fmt: skip
NOT_PRINTED = ("r = classification_report(y, p, output_dict=True)\nprint(r['x'])", "r = classification_report(y, p)")


@pytest.mark.parametrize("code", [*PRINTED, *NOT_PRINTED])
def test_a_report_that_is_printed_is_offered(code: str, tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    for library, before in itertools.product(
        ("sklearn", "seqeval"), ("", "print(f'val_loss: {x:.3f}')\n", "print('Accuracy:', a)\n")
    ):
        path.write_text(f"import logging\nfrom {library}.metrics import classification_report\n{before}{code}\n")
        found = inspect_script(path).metrics
        assert ("macro_avg_f1_score" in found) == (code in PRINTED)
        first = (
            "val_loss" if "val" in before else "accuracy" if library == "sklearn" or before else "macro_avg_f1_score"
        )
        assert code in NOT_PRINTED or found[0].lower() == first or "Accuracy" in before, (found, before)
        assert len([name for name in found if name.lower() == "accuracy"]) <= 1
