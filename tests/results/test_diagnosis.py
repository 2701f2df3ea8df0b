"""Each trial's diagnosis, on the series that the guide of a small language model gives as examples, and on others."""

import math
from random import Random

import pytest

from hptui.results.diagnosis import diagnose
from tests.operations.made import trial
from tests.results.kit import curve, view_of

CHARLM = """
    name = "guide"
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "charlm"
    learning_rate = 1e-3
    batch_size = 32
    dropout = 0.1
    model_dim = 128
    num_heads = 8
    epochs = 20
    mixed_precision = true
    gradient_clip = 0.0
    [space]
    learning_rate = "1e-5..1e-2 log"
    model_dim = { choices = [64, 128, 256] }
    [search]
    constraints = ["model_dim % num_heads == 0"]
"""


def told(curves, status="complete", reason="finished", value=None, others=(), text=CHARLM, **more):
    values = {"val_loss": value} if value is not None else None
    one = trial(0, status, reason, values=values, params={}, **more)
    return diagnose(view_of([one, *others], text), one, curves)


def changes(diagnosis):
    return [dict(remedy.changes) for remedy in diagnosis.suggestions]


def test_the_guides_good_series_is_fine():
    found = told({"train_loss": [(1, 4.234, 0), (5, 2.456, 0), (10, 1.892, 0), (20, 1.234, 0)]})
    assert found.kind == "fine"
    assert found.sentence == "train_loss went from 4.234 to 1.234"
    assert found.healthy


def test_the_guides_underfit_series():
    found = told({"train_loss": [(1, 4.234, 0), (20, 3.891, 0)]})
    assert found.kind == "underfit"
    assert found.sentence == "train_loss is still high: 4.234 at first, 3.891 at the end, 8% less"
    assert {"model_dim": 256} in changes(found)
    assert {"epochs": 40.0} in changes(found)


def test_the_guides_overfit_pair():
    found = told({"train_loss": curve(4.2, 0.234), "val_loss": curve(4.3, 2.891)})
    assert found.kind == "overfit"
    assert found.sentence == "overfitting: val_loss is 2.891, train_loss only 0.234"
    assert changes(found)[:2] == [{"dropout": 0.2}, {"early_stopping": True}]
    assert {"model_dim": 64} in changes(found)


def test_validation_that_rises_while_training_falls():
    found = told({"train_loss": curve(3, 2, 1.6, 1.3, 1.1), "val_loss": curve(3, 2.2, 2.0, 2.1, 2.3)})
    assert found.kind == "overfit"
    assert (
        "val_loss was best at step 3 (2) and ended at 2.3, 15% worse, while train_loss still improved" in found.sentence
    )
    assert {"epochs": 12.0} in changes(found)


def test_validation_that_rises_with_training_is_not_overfitting():
    found = told({"train_loss": curve(3, 2, 1.6, 1.9, 2.1), "val_loss": curve(3, 2.2, 2.0, 2.1, 2.3)})
    assert found.kind != "overfit"


def test_nan_is_named_with_its_step_and_cured_by_a_lower_rate_clipping_and_full_precision():
    found = told({"train_loss": [*curve(4.2, 9.0), (3, math.nan, 0)]}, "failed", "nan")
    assert (found.kind, found.sentence) == ("nan", "train_loss became NaN or infinite at step 3")
    assert changes(found) == [{"learning_rate": 1e-4}, {"gradient_clip": 1.0}, {"mixed_precision": False}]


def test_a_loss_that_explodes():
    found = told({"train_loss": curve(4.2, 3.9, 11.0, 40.0)})
    assert (found.kind, found.sentence) == ("exploding", "train_loss exploded: 4.2 at first, 40 at the end")


def test_a_loss_that_does_not_fall_at_all():
    found = told({"train_loss": curve(4.2, 4.21, 4.19, 4.2)})
    assert found.kind == "flat"
    assert {"learning_rate": 0.01} in changes(found)


def test_out_of_memory_keeps_the_effective_batch_by_accumulation():
    found = told({}, "failed", "oom", peak_memory_gb=15.2)
    assert (found.kind, found.sentence) == ("oom", "the GPU ran out of memory; it had reached 15.2 GB")
    assert changes(found)[0] == {"batch_size": 16, "gradient_accumulation": 2}
    assert {"max_seq_len": 128} in changes(found)


def test_a_cure_never_breaks_a_constraint():
    text = CHARLM.replace("num_heads = 8", "num_heads = 128")
    found = told({}, "failed", "oom", text=text)
    assert {"model_dim": 64} not in changes(found)
    assert {"max_seq_len": 128} in changes(found)


def test_a_plateau_and_one_that_still_improves():
    flat = told({"val_loss": curve(4, 3, 2.5, 2.2, *[2.21] * 8)})
    assert flat.kind == "plateau"
    assert {"lr_schedule": "cosine"} in changes(flat)
    steep = told({"val_loss": curve(*[4 - 0.2 * n for n in range(11)])})
    assert steep.kind == "improving"
    assert changes(steep) == [{"epochs": 40.0}]


def test_too_noisy_to_rank():
    rng = Random(1)
    noisy = curve(*[4 - 0.05 * n + rng.gauss(0, 0.2) for n in range(40)])
    others = [trial(n, "complete", "finished", values={"val_loss": 2.0 + 0.01 * n}) for n in (1, 2, 3)]
    found = told({"val_loss": noisy}, value=2.0, others=others)
    assert found.kind == "noisy"
    assert 0.1 < found.evidence["noise"] < 0.3
    assert changes(found) == [{"gradient_accumulation": 2}]


def test_a_metric_that_goes_up_is_read_upwards():
    text = CHARLM.replace('metric = "val_loss"', 'metric = "accuracy"\n    goal = "maximize"')
    assert told({"accuracy": curve(0.1, 0.3, 0.5)}, text=text).kind == "fine"
    assert told({"accuracy": curve(0.5, 0.4, 0.3)}, text=text).kind == "flat"


@pytest.mark.parametrize("curves", [{}, {"val_loss": []}, {"val_loss": curve(1.0)}])
def test_too_little_is_known(curves):
    assert told(curves).kind == "unknown"


def test_other_failures_are_called_what_they_are():
    assert told({}, "failed", "timeout").sentence == "failed (timeout)"
