"""Several names before several values: each value is that of its own name, or of none."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.metrics.lines import LineReader

NAMES = ["loss", "accuracy", "f1", "acc@5"]
JOINTS = [", ", "/", " / ", " and ", " & ", "|"]
SIGNS = [": ", " = ", ":  "]


def _read(line: str, *objectives: str) -> dict[str, float]:
    readings = LineReader(objectives).read_all(line)
    return {name: value for reading in readings for name, value in reading.metrics.items()}


@pytest.mark.parametrize("joint", JOINTS)
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("brackets", ["{}", "[{}]", "({})"])
def test_each_value_is_that_of_its_own_name(joint: str, sign: str, brackets: str) -> None:
    between = [", ", " ", "/"] if brackets == "{}" else [", "]
    for n, values_joint in itertools.product((2, 3, 4), between):
        names, values = NAMES[:n], [f"0.{k + 3}5" for k in range(n)]
        line = f"{joint.join(names)}{sign}{brackets.format(values_joint.join(values))}"
        wanted = dict(zip(names, map(float, values), strict=True))
        assert _read(line) == wanted, line
        for objective in names:
            assert _read(line, objective)[objective] == wanted[objective], line


@pytest.mark.parametrize(
    "line",
    [
        "train/val loss: 0.25/0.5",
        "loss (train/val): 0.25/0.5",
        "train loss, val loss: 0.25 0.5",
        "train and val loss: 0.25 and 0.5",
        "Epoch 3: train/val loss 0.25/0.5",
    ],
)
def test_what_the_names_share_is_a_part_of_each(line: str) -> None:
    assert _read(line) == {"train_loss": 0.25, "val_loss": 0.5}
    assert _read("Test loss and accuracy: 0.25 0.5") == {"test_loss": 0.25, "test_accuracy": 0.5}


@pytest.mark.parametrize("ending", ["", ".", "...", ". Saved", " !"])
@pytest.mark.parametrize("joint", ["/", " / ", ", "])
def test_a_sentence_may_end_behind_the_values(joint: str, ending: str) -> None:
    for splits in (("Train", "Test"), ("train", "val", "test")):
        values = [0.5 + n / 8 for n in range(len(splits))]
        line = f"[Step 10] {joint.join(splits)} accuracy: {joint.join(f'{v:.3f}' for v in values)}{ending}"
        wanted = {f"{split.lower()}_accuracy": value for split, value in zip(splits, values, strict=True)}
        for objective in wanted:
            assert _read(line, objective) == wanted, line


@pytest.mark.parametrize("line", ["loss, accuracy: 0.1 0.2 0.3", "loss, accuracy, f1: [0.1, 0.2]", "iou: [0.3, 0.4]",
                                  "loss and metrics: [0.3, 0.9]"])  # fmt: skip
def test_where_it_is_not_known_whose_a_value_is_it_is_not_recorded(line: str) -> None:
    assert _read(line) == {}


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        ("loss: [0.5]", {"loss": 0.5}),
        ("accuracy: 90/120", {"accuracy": 0.75}),
        ("train loss: 0.5, val loss: 0.25", {"train_loss": 0.5, "val_loss": 0.25}),
        ("loss: 0.5 / accuracy: 0.25", {"loss": 0.5, "accuracy": 0.25}),
        ("step 3, loss: 0.5", {"loss": 0.5}),
    ],
)
def test_pairs_stay_as_they_are(line: str, metrics: dict[str, float]) -> None:
    assert _read(line) == metrics
