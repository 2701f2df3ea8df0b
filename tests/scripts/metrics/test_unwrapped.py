"""Numbers in objects of libraries, names in tuples, counters inside names and rounded values are read as they are."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.metrics.lines import LineReader

WRAPPERS = ("Array({}, dtype=float32)", "Array({}, dtype=float32, weak_type=True)", "DeviceArray({}, dtype=float32)",
            "tensor({})", "tensor([{}])", "tensor([[{}]], device='cuda:0', grad_fn=<NllLossBackward0>)", "array({})",
            "tensor({}, device='cuda:0', dtype=torch.float64)", "np.float32({})", "jnp.float32({})", "float32({})",
            "<tf.Tensor: shape=(), dtype=float32, numpy={}>", "array([{}], dtype=float32)")  # fmt: skip
NUMBERS = ("0.5", "1.25e-05", "12.", "-3.5", "nan", "inf")
LINES = ("loss: {}", "epoch 3 loss={}, acc={}", "{{'loss': {}, 'acc': {}}}", "step 3: val loss {}")


@pytest.mark.parametrize(("wrapper", "line"), [*itertools.product(WRAPPERS, LINES)])
def test_a_number_in_an_object_is_that_number(wrapper: str, line: str) -> None:
    for number in NUMBERS:
        shown = line.format(*[wrapper.format(number)] * line.count("{}"))
        plain = line.format(*[number] * line.count("{}"))
        for wanted in ((), ("loss",), ("val_loss",)):
            values, expected = LineReader(wanted).read(shown), LineReader(wanted).read(plain)
            assert str(values) == str(expected), (shown, wanted)


@pytest.mark.parametrize("form", ["OrderedDict([{}])", "[{}]", "({})", "scores = [{}]"])
def test_names_in_tuples_have_their_numbers(form: str) -> None:
    for quote, number in itertools.product("'\"", ("0.5", "-2.25", "3e-4")):
        pairs = f"({quote}loss{quote}, {number}), ({quote}val/acc{quote}, 0.75)"
        reading = LineReader().read(form.format(pairs))
        assert reading is not None
        assert dict(reading.metrics) == {"loss": float(number), "val/acc": 0.75}


@pytest.mark.parametrize(
    ("name", "place", "end"),
    [
        *itertools.product(
            ("Loss", "Train loss", "Cost", "test accuracy", "Validation loss"),
            ("after epoch 7", "at step 7", "after iteration 7/20", "on epoch 7", "after Epoch #7"),
            (": {}", " = {}", " is {}"),
        )
    ],
)
def test_a_counter_between_name_and_value_is_the_step(name: str, place: str, end: str) -> None:
    plain = LineReader().read(f"step 7: {name}: 0.25")
    for wanted in ((), tuple(plain.metrics) if plain else ()):
        reading = LineReader(wanted).read(f"{name} {place}{end.format('0.25')}")
        assert reading is not None
        assert plain is not None
        assert (dict(reading.metrics), reading.step) == (dict(plain.metrics), 7)


@pytest.mark.parametrize(("text", "value"), [("1.5k", 1500), ("12K", 12000), ("2.25M", 2_250_000), ("-1.5k", -1500)])
def test_a_rounded_value_of_an_objective_is_read(text: str, value: float) -> None:
    for line in (f"reward: {text}", f"episode 3 reward={text}, length=12", f"reward: {text} | length: 3"):
        reading = LineReader(("reward",)).read(line)
        assert reading is not None
        assert reading.metrics["reward"] == value
        assert LineReader(("other",)).read(f"reward: {text}") is None


@pytest.mark.parametrize("key", ["id", "process_index", "num_proc", "local_rank", "world_size", "process_count"])
def test_what_a_process_is_known_by_is_no_metric(key: str) -> None:
    for line in (f"{key}: 3", f"epoch 2 {key}=3 loss=0.5", f"loss=0.5, {key}={{}}".format(1)):
        reading = LineReader().read(line)
        assert reading is None or not {name for name in reading.metrics if key in name}


@pytest.mark.parametrize(("label", "kept"), [("Map", False), ("Filter", False), ("Epoch 3", True), ("train", True)])
def test_a_fraction_in_the_label_of_what_comes_before_training_is_a_setting(label: str, kept: bool) -> None:
    reading = LineReader().read(f"{label} (ratio=0.5): 100%|█████| 10/10 [00:01<00:00]")
    assert (reading is not None and "ratio" in reading.metrics) == kept
    both = LineReader().read(f"{label} (loss=0.5): 100%|█████| 10/10 [00:01<00:00]")
    assert both is not None
    assert both.metrics["loss"] == 0.5
