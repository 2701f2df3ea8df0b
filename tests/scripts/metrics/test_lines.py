"""What is read in lines that scripts really print, and that no line at all can break it."""

from __future__ import annotations

import math
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hptui.core.format import Proportion
from hptui.scripts.metrics.lines import LineReader, plain_text, split_lines

ONE_LINE: list[tuple[str, dict[str, float], int]] = [
    ("step 3 [train_model] done best_map50=0.61", {"best_map50": 0.61}, 3),
    ("step 120 loss 2.31 lr 1e-4", {"loss": 2.31, "lr": 1e-4}, 120),
    ("epoch 3 | train loss 1.234 | val loss 1.345 | ppl 3.1", {"train_loss": 1.234, "val_loss": 1.345, "ppl": 3.1}, 3),
    ("Epoch [1/10], Step [100/600], Loss: 2.1", {"Loss": 2.1}, 100),
    ("iter 100: loss 2.3, time 12.3ms, mfu 3.2%", {"loss": 2.3, "mfu": 3.2}, 100),
    ("step 100: train loss 1.9, val loss 2.0", {"train_loss": 1.9, "val_loss": 2.0}, 100),
    ("{'loss': 0.5, 'learning_rate': 1e-05, 'epoch': 1.0}", {"loss": 0.5, "learning_rate": 1e-05}, 1),
    ("{'loss': '0.5123', 'grad_norm': '1.2', 'epoch': '2'}", {"loss": 0.5123, "grad_norm": 1.2}, 2),
    ('{"step": 5, "eval": {"loss": 0.5}}', {"eval.loss": 0.5}, 5),
    ('INFO {"step": 5, "eval/loss": 0.25, "note": "warm"}', {"eval/loss": 0.25}, 5),
    ("Train Epoch: 1 [6400/60000 (11%)]\tLoss: 0.412345", {"train_loss": 0.412345}, 6400),
    (
        "Train: loss 0.5 acc 0.9 | Val: loss 0.6 acc 0.8",
        {"train_loss": 0.5, "train_acc": 0.9, "val_loss": 0.6, "val_acc": 0.8},
        1,
    ),
    ("[val] loss=0.4", {"val_loss": 0.4}, 1),
    ("nan count: 3, val loss: 0.4", {"nan_count": 3.0, "val_loss": 0.4}, 1),
    ("Validation perplexity = 12.5", {"val_perplexity": 12.5}, 1),
    ("Best val loss: 0.4 at epoch 3", {"best_val_loss": 0.4}, 3),
    ("2026-01-01 12:00:00,123 - trainer - INFO - val loss: 0.5", {"val_loss": 0.5}, 1),
    ("INFO:root:loss 0.5", {"loss": 0.5}, 1),
    ("trainer.py:120 device cuda:0 loss: 0.5", {"loss": 0.5}, 1),
    ("loss: tensor(0.51, device='cuda:0')", {"loss": 0.51}, 1),
    ("BLEU score: 30.1, ROUGE score: 20", {"bleu_score": 30.1, "rouge_score": 20.0}, 1),
    ("\x1b[32mval_loss\x1b[0m: \x1b[1m0.5\x1b[0m", {"val_loss": 0.5}, 1),
    ("\x1b]0;title\x07epoch 2 acc=0.5", {"acc": 0.5}, 2),
    (
        "100/100 [==============================] - 2s 20ms/step - loss: 0.5 - val_loss: 0.61",
        {"loss": 0.5, "val_loss": 0.61},
        100,
    ),
    (
        "Epoch 3:  50%|█████     | 50/100 [00:01<00:01, 73it/s, v_num=3, train_loss_step=0.5, train_loss_epoch=0.25]",
        {"train_loss_step": 0.5, "train_loss_epoch": 0.25},
        50,
    ),
    ("100/100 ━━━━━━━━━━━━━━━━━━━━ 2s 20ms/step - accuracy: 0.9 - loss: 0.3", {"accuracy": 0.9, "loss": 0.3}, 100),
    (" 45%|████▌     | 450/1000 [00:10<00:12, 43.00it/s, loss=0.5, acc=0.75]", {"loss": 0.5, "acc": 0.75}, 450),
    (
        "Epoch 2:  45%|████▌  | 45/100 [00:10<00:12,  4.30it/s, v_num=3, train_loss=0.5]",
        {"train_loss": 0.5},
        45,
    ),
]


@pytest.mark.parametrize(("line", "metrics", "step"), ONE_LINE, ids=[line[:40] for line, _, _ in ONE_LINE])
def test_a_line_is_read_as_a_person_would(line: str, metrics: dict[str, float], step: int) -> None:
    reading = LineReader().read(line)
    assert reading is not None
    assert (dict(reading.metrics), reading.step) == (metrics, step)


@pytest.mark.parametrize(
    "line",
    [
        "Loaded 4530 examples in 5.2 s",
        "Serving at http://localhost:8080",
        "tokens: 1,234",
        "max steps: 1000",
        "Epoch 1/3",
        "warmup step: 100",
        " 45%|████▌     | 450/1000 [00:10<00:12, 43.00it/s]",
        "step 5",
        "hello",
        "",
        "version 2.13.0",
        "        1/3         0G      1.2345         12",
        "ETA 12ms 0.43",
        "12:30:45",
        "{'nested': {'deeper': 'text'}}",
    ],
)
def test_what_is_no_metric_is_none(line: str) -> None:
    assert LineReader().read(line) is None


def test_counts_are_kept() -> None:
    reading = LineReader(["test_accuracy"]).read("Test set: Average loss: 0.0512, Accuracy: 9830/10000 (98%)")
    assert reading is not None
    accuracy = reading.metrics["test_accuracy"]
    assert isinstance(accuracy, Proportion)
    assert (accuracy.k, accuracy.n) == (9830, 10000)
    assert reading.metrics["test_average_loss"] == 0.0512
    aside = LineReader().read("[val] acc=0.98 (975/1000)")
    assert aside is not None
    assert isinstance(aside.metrics["val_acc"], Proportion)
    assert aside.metrics["val_acc"] == 0.975


@pytest.mark.parametrize("line", ["acc: {:.1f}% ({}/{})", "acc = {:.2f} ({}/{})", "| acc {:.3f}% ( {} / {} ) | x"])
@pytest.mark.parametrize("total", [1000, 997, 12])
def test_a_percentage_is_one_in_every_line(line: str, total: int) -> None:
    """Whether the counts are exactly those of the number or rounded, as those of a mean over batches are."""
    reader = LineReader(["acc"])
    for percent in (2.5, 50.0, 76.626, 80.98, 99.9):
        for hits in (round(percent * total / 100), int(percent * total / 100)):
            reading = reader.read(f"epoch 3 {line.format(percent, hits, total)}")
            assert reading is not None
            assert reading.metrics["acc"] == pytest.approx(percent, abs=0.06)


@pytest.mark.parametrize(
    ("text", "odd"), [("nan", math.isnan), ("inf", math.isinf), ("-inf", math.isinf), ("NaN", math.isnan)]
)
def test_what_is_no_number_any_more_is_read_too(text: str, odd) -> None:  # type: ignore[no-untyped-def]
    for line in (f"step 3 loss {text}", f"loss={text}", "{'loss': " + text + "}"):
        reading = LineReader().read(line)
        assert reading is not None, line
        assert odd(reading.metrics["loss"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["train_loss", "val_loss", "accuracy", "grad_norm", "nan_count", "inf_ratio"]),
            st.sampled_from(["nan", "NaN", "inf", "-inf", "Infinity", "0.5", "3"]),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda pair: pair[0],
    ),
    st.sampled_from(["{}={}", "{}: {}", "{} {}"]),
    st.sampled_from([" ", "  ", ", ", " | "]),
)
def test_a_value_that_is_no_number_is_no_part_of_the_next_name(
    pairs: list[tuple[str, str]], form: str, gap: str
) -> None:
    reading = LineReader(["val_loss"]).read("step 3 " + gap.join(form.format(*pair) for pair in pairs))
    assert reading is not None
    assert set(reading.metrics) == {name for name, _ in pairs}
    for name, text in pairs:
        assert math.isnan(reading.metrics[name]) if text.lower() == "nan" else reading.metrics[name] == float(text)


@pytest.mark.parametrize(
    ("objective", "line"),
    [
        ("val_loss", "Validation Loss: 0.5"),
        ("val_loss", "Average validation loss: 0.5"),
        ("eval/loss", "eval_loss = 0.5"),
        ("test_loss", "Test set: Average loss: 0.5"),
        ("validation_loss", "epoch 1 val_loss 0.5"),
        ("perplexity", "perplexity 0.5"),
    ],
)
def test_a_metric_is_called_as_the_study_calls_it(objective: str, line: str) -> None:
    reading = LineReader([objective]).read(line)
    assert reading is not None
    found = dict(reading.metrics)
    from hptui.scripts.metrics.pairs import canonical_name

    assert {canonical_name(name): value for name, value in found.items()} == {canonical_name(objective): 0.5}


def test_counters_that_begin_anew_with_every_epoch_are_made_one() -> None:
    reader = LineReader()
    lines = [f"Epoch [{e}/3], Step [{s}/600], Loss: 1" for e in (1, 2, 3) for s in (300, 600)]
    readings = [reader.read(line) for line in lines]
    assert [reading.step for reading in readings if reading] == [300, 600, 900, 1200, 1500, 1800]
    assert [reading.total for reading in readings if reading] == [None, None, 1800, 1800, 1800, 1800]


def test_one_report_per_epoch_at_the_end_of_its_bar() -> None:
    reader = LineReader()
    said = [
        r
        for e in (1, 2)
        for line in (f"Epoch {e}/2", "100/100 - 2s - loss: 0.5 - val_loss: 0.6")
        if (r := reader.read(line))
    ]
    assert [reading.step for reading in said] == [100, 200]


def test_without_any_counter_repetitions_are_counted() -> None:
    reader = LineReader()
    assert [reader.read("loss: 0.5").step for _ in range(3)] == [1, 2, 3]  # type: ignore[union-attr]


def test_the_last_step_holds_for_lines_that_name_none() -> None:
    reader = LineReader()
    assert reader.read("step 40/80 loss 0.5").total == 80  # type: ignore[union-attr]
    assert reader.read("val_loss: 0.4").step == 40  # type: ignore[union-attr]


def test_a_pattern_of_the_users_is_all_that_is_read() -> None:
    reader = LineReader([], [re.compile(r"<(?P<step>\d+)/(?P<total>\d+)> (?P<name>\w+) is (?P<value>\S+)")])
    reading = reader.read("<3/9> val_loss is 0.5; loss: 7")
    assert reading is not None
    assert (dict(reading.metrics), reading.step, reading.total) == ({"val_loss": 0.5}, 3, 9)
    assert reader.read("loss: 7") is None


@pytest.mark.parametrize("objectives", [[], ["total"], ["loss"]])
@pytest.mark.parametrize("counts", [True, False])
def test_a_group_named_total_is_a_metric_but_for_the_length_of_steps(objectives: list[str], counts: bool) -> None:
    before, shown = (r"step (?P<step>\d+) of ", "step 3 of ") if counts else ("", "")
    reader = LineReader(objectives, [re.compile(before + r"(?P<total>\d+) loss (?P<loss>\S+)")])
    reading = reader.read(f"{shown}9 loss 0.5")
    assert reading is not None
    is_length = counts and objectives != ["total"]
    assert dict(reading.metrics) == ({"loss": 0.5} if is_length else {"total": 9.0, "loss": 0.5})
    assert reading.total == (9 if is_length else None)


def test_a_bar_per_epoch_is_no_length_of_the_whole_training() -> None:
    reader = LineReader()
    bars = [f"Epoch {e}: 100%|███| {n}/50 [00:00<00:00, 99it/s, loss=0.5]" for e in (0, 1) for n in (25, 50)]
    readings = [reader.read(bar) for bar in bars]
    assert [(one.step, one.total) for one in readings if one] == [(25, None), (50, None), (75, None), (100, None)]


def test_settings_that_a_script_repeats_are_no_metrics() -> None:
    reader = LineReader(["loss"], settings=["lr", "batch_size", "optimizer.wd"])
    assert reader.read("Namespace(lr=0.1, batch_size=32)") is None
    assert reader.read("{'lr': 0.1, 'wd': 0.5}") is None
    assert reader.read("step 3 lr 0.05").metrics == {"lr": 0.05}  # type: ignore[union-attr]
    assert reader.read("loss: 0.5, lr: 0.04").metrics == {"loss": 0.5, "lr": 0.04}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("row", "metrics"),
    [
        ("│         test_acc          │    0.9179999828338623     │", {"test_acc": 0.9179999828338623}),
        ("| rollout/ep_len_mean | 22.3 |", {"rollout/ep_len_mean": 22.3}),
        ("│ val loss │ 5e-2 │", {"val_loss": 0.05}),
        ("┃ Metric ┃ Value ┃", None),
        ("| lr | 0.1 |", None),
    ],
)
def test_a_table_of_two_columns_is_read(row: str, metrics: dict[str, float] | None) -> None:
    reading = LineReader(settings=["lr"]).read(row)
    assert (reading and dict(reading.metrics)) == metrics


def test_bars_are_split_into_their_states() -> None:
    assert list(split_lines("a\rb\r\nc")) == ["a", "b", "c"]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_no_text_breaks_the_reader(text: str) -> None:
    reader = LineReader(["val_loss"])
    for line in split_lines(text):
        reading = reader.read(line)
        if reading is not None:
            assert reading.metrics
            assert all(isinstance(value, float) and name for name, value in reading.metrics.items())
            assert reading.step is not None
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain_text(line))


PIECES = st.sampled_from(
    [
        "loss",
        "val",
        "Epoch",
        "step",
        ":",
        "=",
        " ",
        "[",
        "]",
        "/",
        "|",
        "{",
        "}",
        "'",
        "%",
        "1",
        "0.5",
        "1e-5",
        "nan",
        "inf",
        "100%|██|",
        "it/s",
        "\x1b[1m",
        "\x1b]0;",
        "\r",
        "\t",
        "(",
        ")",
        ",",
        "-",
        "━",
        "9830/10000",
        "acc",
        "lr",
        "99999999999999999999",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_log_line_breaks_the_reader(text: str) -> None:
    reader = LineReader(["val_loss", "loss"])
    for line in split_lines(text):
        reader.read(line)


@pytest.mark.parametrize(
    "line",
    [
        "a" * 100_000,
        "loss " * 20_000,
        "1 " * 50_000,
        "{" * 9000,
        "[" * 9000,
        "a=" * 9000,
        "- " * 9000,
        "x." * 9000 + "=1",
        "train " * 5000,
        "1/" * 9000,
    ],
)
def test_no_line_takes_long(line: str) -> None:
    reader = LineReader(["val_loss"])
    began = time.process_time()
    reader.read(line)
    assert time.process_time() - began < 2.0  # a pattern that explodes would take hours, not seconds


CLOCKS = [
    "11/29 04:52:06 PM",
    "11/29/2026 4:52:06 am",
    "[04:52 PM]",
    "2026-11-29 04:52:06,123 AM",
    "04:52 p.m.",
    "04:52:06",
]


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("after", [" ", " - ", " INFO ", ": "])
@pytest.mark.parametrize(("text", "name"), [("Valid_acc: 87.5", "Valid_acc"), ("val loss: 87.5", "val_loss")])
def test_a_clock_is_no_part_of_a_name(clock: str, after: str, text: str, name: str) -> None:
    reading = LineReader([name]).read(f"{clock}{after}{text}")
    assert reading is not None
    assert reading.metrics == {name: 87.5}


def test_a_report_of_torchrun_holds_no_metrics() -> None:
    """Its table of failed ranks has numbers with names, and they are none that were measured."""
    block = """
        Root Cause (first observed failure):
        [0]:
          time      : 2026-11-29_19:19:55
          host      : localhost
          rank      : 1 (local_rank: 1)
          exitcode  : -9 (pid: 15676)
          error_file: <N/A>
          traceback : Signal 9 (SIGKILL) received by PID 15676
    """
    reader = LineReader(["loss"])
    assert [reading.metrics for line in block.splitlines() for reading in reader.read_all(line)] == []
    assert [reading.metrics for reading in reader.read_all("rank: 1 loss: 0.5")] == [{"loss": 0.5}]


UNITS = ("mm", "cm", "km", "px", "dB", "Hz", "kHz", "eV", "meV", "deg", "°", "bits", "nats", "%", "")
NO_UNITS = ("k", "M", "B", "x", "h", "ms", "mb", "th", "mmm", "px2")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("shape", ["error: {}", "error={}", "error {} | step 3", "a: 1 | error: {}, b: 2"])
def test_a_unit_at_a_number_is_no_part_of_it(unit: str, shape: str) -> None:
    readings = LineReader(["error"]).read_all(shape.format(f"119.15{unit}"))
    assert [reading.metrics["error"] for reading in readings] == [119.15]


@pytest.mark.parametrize("unit", NO_UNITS)
def test_what_multiplies_a_number_or_is_no_unit_is_not_left_out(unit: str) -> None:
    readings = LineReader(["error"]).read_all(f"error: 1.2{unit}")
    multiplied = {"k": [1200.0], "M": [1_200_000.0]}
    assert [r.metrics["error"] for r in readings if "error" in r.metrics] == multiplied.get(unit, [])


@pytest.mark.parametrize("unit", [*UNITS[:-2], *NO_UNITS])
def test_a_unit_is_no_part_of_the_next_name(unit: str) -> None:
    assert [reading.metrics for reading in LineReader(["loss"]).read_all(f"took 12{unit} loss=0.5")] == [{"loss": 0.5}]


@pytest.mark.parametrize(("objective", "in_bar"), [("Loss", "loss"), ("loss", "Loss"), ("val_acc", "Val_Acc")])
def test_a_bar_that_spells_an_objective_otherwise_shows_another_number(objective: str, in_bar: str) -> None:
    """`loss` in the bar is that of a batch where the script prints `Loss` after each epoch."""
    reader = LineReader([objective])
    bar = "Epoch 1/2:  50%|#####     | 1/2 [00:00<00:00,  2.00it/s, {}=0.1]"
    read = [*reader.read_all(bar.format(in_bar)), *reader.read_all(f"Epoch 1 | {objective}: 0.7")]
    assert [reading.metrics for reading in read] == [{f"bar_{in_bar}": 0.1}, {objective: 0.7}]
    assert [reading.metrics for reading in reader.read_all(bar.format(objective))] == [{objective: 0.1}]


@pytest.mark.parametrize("done", ["Done.", "Finished.", "done", "Epoch 3 done."])
def test_the_end_of_a_sentence_is_no_part_of_a_name(done: str) -> None:
    (reading,) = LineReader().read_all(f"{done} Best val loss: 0.25")
    assert reading.metrics == {"best_val_loss": 0.25}


@pytest.mark.parametrize("table", ["{'acc': 0.5, 'f1': 0.25}", '{"acc": 0.5, "f1": 0.25}'])
@pytest.mark.parametrize(
    ("shape", "others", "step"),
    [
        ("Loss: 0.75, Metrics: {}", {"Loss": 0.75}, 1),
        ("step 30/90 | loss=0.75 {}", {"loss": 0.75}, 30),
        ("Epoch 7: {} loss: 0.75", {"loss": 0.75}, 7),
        ("2024-05-06 12:30:11,123 INFO run.py:12 - {}", {}, 1),
        ("[12:30:11] step 30 {}", {}, 30),
    ],
)
def test_what_stands_next_to_a_table_is_read_with_it(
    table: str, shape: str, others: dict[str, float], step: int
) -> None:
    reading = LineReader().read(shape.format(table))
    assert reading is not None
    assert (dict(reading.metrics), reading.step) == ({**others, "acc": 0.5, "f1": 0.25}, step)


def test_a_name_next_to_a_table_and_in_it_is_two_points() -> None:
    readings = LineReader().read_all("acc: 0.25 after {'acc': 0.5}")
    assert [dict(reading.metrics) for reading in readings] == [{"acc": 0.25}, {"acc": 0.5}]


@pytest.mark.parametrize("split", ["train", "val", "test", "eval"])
def test_a_split_in_front_of_a_table_is_a_word_and_no_name_of_a_file_or_logger(split: str) -> None:
    places = ["{}.py:12 - ", "INFO {}.py: ", "lib/{}/loop.py:12 ", "/data/{}/out ", "INFO:{}:", "my.{}.loop:12 | ",
              "{}:main:12 - ", "2024-05-06 - {} - INFO - "]  # fmt: skip
    words = ["{} ", "[{}] ", "{}: ", "Epoch 3 {}: ", "run.py:12 - {} ", "{} epoch 3 "]
    for shapes, name in ((places, "acc"), (words, f"{split}_acc")):
        for shape in shapes:
            reading = LineReader().read(shape.format(split) + "{'acc': 0.5}")
            assert reading is not None and dict(reading.metrics) == {name: 0.5}, shape  # noqa: PT018  one reading


@pytest.mark.parametrize("is_named_first", [True, False])
@pytest.mark.parametrize("redraws", [0, 1, 3])
@pytest.mark.parametrize("other", ["", "evaluator INFO: Epoch[1] Complete."])
@pytest.mark.parametrize("first", [0, 1])
def test_an_epoch_is_counted_once_however_often_its_bar_is_drawn(
    is_named_first: bool, redraws: int, other: str, first: int
) -> None:
    if is_named_first and other:
        return  # the epochs of two engines, neither of which a counter follows
    reader, steps = LineReader(), []
    for epoch in range(3):
        named = f"Epoch: {epoch + 1}"
        lines = [named] * is_named_first + [f"{n}%|##| {n}/20 [00:0{n}, 9it/s]" for n in range(first, 21, 4)]
        lines += ["100%|##| 20/20 [00:09, 9it/s]", other] * 2
        lines += [f"Results {'' if is_named_first else named} val loss: 0.{epoch + 3}"]
        lines += ["100%|##| 20/20 [00:09, 9it/s]", other] * redraws
        readings = [reading for line in lines for reading in reader.read_all(line)]
        steps += [reading.step for reading in readings if "val_loss" in reading.metrics]
    assert steps == [20, 40, 60]


@pytest.mark.parametrize("place", ["on the test set", "on test data", "for the 100 test images", "over all test folds"])
@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("The mean squared error (MSE)", "test_mean_squared_error"),
        ("Mean Absolute Error (MAE)", "test_mean_absolute_error"),
        ("Top-1 accuracy", "test_top1_accuracy"),
        ("Top-5 accuracy", "test_top5_accuracy"),
        ("mAP50 score", "test_map50_score"),
        ("mAP5 score", "test_map5_score"),
        ("R2 score", "test_r2_score"),
        ("R-squared (R2) score", "test_r_squared_r2_score"),
        ("Macro-F1 score", "test_macro_f1_score"),
        ("Area (AUC)", "test_area_auc"),
    ],
)
def test_a_measure_in_a_sentence_keeps_all_its_words(place: str, label: str, name: str) -> None:
    for joint in (":", " =", " is"):
        reading = LineReader().read(f"{label} {place}{joint} 0.25")
        assert reading is not None and dict(reading.metrics) == {name: 0.25}  # noqa: PT018  one reading


@pytest.mark.parametrize("digits", ["3", "12", "300"])
def test_digits_at_a_word_are_a_part_of_it_however_many_there_are(digits: str) -> None:
    for word in ("top", "layer", "val"):
        reading = LineReader().read(f"{word}{digits} loss: 0.5")
        assert reading is not None and dict(reading.metrics) == {f"{word}{digits}_loss": 0.5}  # noqa: PT018  one reading
    for word in ("epoch", "step", "iter"):
        reading = LineReader().read(f"{word}{digits} loss: 0.5")
        assert reading is not None and dict(reading.metrics) == {"loss": 0.5}  # noqa: PT018  one reading
        assert reading.step == int(digits)


@pytest.mark.parametrize("words", ["best gain: -inf", "loss: 0.5", "step 3 acc=0.25"])
def test_a_warning_of_a_library_holds_no_metrics(words: str) -> None:
    assert LineReader().read_all(f"[LightGBM] [Warning] No further splits, {words}") == []
    assert LineReader().read_all(words) != []


@pytest.mark.parametrize("share", ["{p:.3f}% ({k}/{n})", "{p:.2f}%({k}/{n})", "{v:.4f} ({k}/{n})"])
@pytest.mark.parametrize("before", ["Epoch: {e}, loss: 0.5, acc: ", "Epoch {e} | loss 0.5 | acc: "])
def test_the_counts_of_a_share_are_no_step(before: str, share: str) -> None:
    reader, steps = LineReader(), []
    for epoch, k in enumerate((7, 3, 9), 1):
        line = before.format(e=epoch) + share.format(p=k * 10, v=k / 10, k=k, n=10)
        (reading,) = reader.read_all(line)
        steps.append(reading.step)
        assert reading.metrics["loss"] == 0.5
        assert float(reading.metrics["acc"]) in (k / 10, k * 10)
    assert steps == [1, 2, 3]


@pytest.mark.parametrize(
    "line", ["Epoch 1 [64/640] loss: 0.5", "Epoch 1 (64/640) loss: 0.5", "Epoch: 1 loss: 0.5 [64/640]"]
)
def test_a_counter_within_an_epoch_is_the_step(line: str) -> None:
    (reading,) = LineReader().read_all(line)
    assert (dict(reading.metrics), reading.step) == ({"loss": 0.5}, 64)


@pytest.mark.parametrize("names", [("mean", "median"), ("train", "val"), ("min", "max"), ("top1", "top5")])
@pytest.mark.parametrize("measure", ["reward", "loss", "acc"])
@pytest.mark.parametrize(
    "line",
    [
        "Updates 3, {0}/{1} {2} {3:.2f}/{4:.2f}, FPS 12",
        "epoch 3 | {0}/{1} {2}: {3:.3f} / {4:.3f}",
        "[3/9] {2} ({0}/{1}): {3:.2f}/{4:.2f} | time 3s",
        "step 3 {2} ({0} / {1}) = {3:.1f}%/{4:.1f}%",
    ],
)
def test_two_values_behind_two_names_are_one_each(names: tuple[str, str], measure: str, line: str) -> None:
    text = line.format(*names, measure, 0.5, 0.25)
    for name, value in zip(names, (0.5, 0.25), strict=True):
        asked = f"{name}_{measure}"
        reading = LineReader([asked]).read(text)
        assert reading is not None, text
        assert reading.metrics[asked] == pytest.approx(value, abs=0.051), text
    aside = LineReader([measure]).read(text)
    if names[0] not in ("mean", "train"):  # which of both it is nobody says
        assert aside is None or measure not in aside.metrics, text
