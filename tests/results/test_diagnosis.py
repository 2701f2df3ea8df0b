"""Each trial's diagnosis, on the series that the guide of a small language model gives as examples, and on others."""

import math
import re
from random import Random

import pytest

from hptui.results.analysis.turn import pooled_scatter
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


def test_validation_that_rises_with_training_is_not_overfitting():
    found = told({"train_loss": curve(3, 2, 1.6, 1.9, 2.1), "val_loss": curve(3, 2.2, 2.0, 2.1, 2.3)})
    assert found.kind != "overfit"


def test_nan_is_named_with_its_step_and_cured_by_a_lower_rate_clipping_and_full_precision():
    found = told({"train_loss": [*curve(4.2, 9.0), (3, math.nan, 0)]}, "failed", "nan")
    assert (found.kind, found.sentence) == ("nan", "train_loss became NaN or infinite at step 3")
    assert changes(found) == [{"learning_rate": 1e-4}, {"gradient_clip": 1.0}, {"mixed_precision": False}]


def test_a_loss_that_explodes():
    found = told({"train_loss": curve(4.2, 3.9, 11.0, 40.0)})
    assert (found.kind, found.sentence) == ("exploding", "train_loss grew from 4.2 to 40")
    assert not found.suggestions, "of four points it is not known what is noise"


def test_out_of_memory_keeps_the_effective_batch_by_accumulation():
    found = told({}, "failed", "oom", peak_memory_gb=15.2)
    assert (found.kind, found.sentence) == (
        "oom",
        "the GPU ran out of memory; the peak that was measured of its processes is 15.2 GiB",
    )
    assert changes(found)[0] == {"batch_size": 16, "gradient_accumulation": 2}
    assert {"max_seq_len": 128} in changes(found)


def test_a_cure_never_breaks_a_constraint():
    text = CHARLM.replace("num_heads = 8", "num_heads = 128")
    found = told({}, "failed", "oom", text=text)
    assert {"model_dim": 64} not in changes(found)
    assert {"max_seq_len": 128} in changes(found)


def test_a_metric_that_goes_up_is_read_upwards():
    text = CHARLM.replace('metric = "val_loss"', 'metric = "accuracy"\n    goal = "maximize"')
    assert told({"accuracy": curve(0.1, 0.3, 0.5)}, text=text).kind == "fine"


def wave(*means, sd=0.05, seed=1):
    """A curve through these means, thirty points each, with noise."""
    rng = Random(seed)
    return curve(*[mean + rng.gauss(0, sd) for mean in means for _ in range(30)])


def test_validation_that_rises_while_training_falls():
    val, train = wave(3, 2.2, 2.0, 2.3), wave(3, 2, 1.6, 1.2)
    found = told({"train_loss": train, "val_loss": val})
    assert found.kind == "overfit"
    assert "val_loss was lowest at step" in found.sentence
    assert re.search(r"on average over the last \d+ evaluations, while train_loss fell from", found.sentence)
    assert {"dropout": 0.2} in changes(found)
    with_training = told({"train_loss": wave(3, 2, 1.6, 1.9), "val_loss": val})
    assert with_training.kind == "turned", "validation that rises with training is no overfitting"
    assert {"dropout": 0.2} not in changes(with_training)


def test_few_points_are_judged_by_the_scatter_of_all_curves():
    rng = Random(2)
    pool = pooled_scatter([[2 + rng.gauss(0, 0.05) for _ in range(8)] for _ in range(8)])
    turned = curve(3, 2.2, 2.0, 1.9, 1.9, 2.2, 2.9, 3.6)
    assert told({"val_loss": turned}).kind == "unknown", "nothing is known of the noise"
    one = trial(0, "complete", "finished", params={})
    assert diagnose(view_of([one], CHARLM), one, {"val_loss": turned}, {"val_loss": pool}).kind == "turned"


def test_a_level_and_one_that_still_improves():
    level = told({"val_loss": wave(4, 3, 2.5, 2.2, 2.2, 2.2, 2.2, sd=0.005)})
    assert level.kind == "plateau"
    assert {"lr_schedule": "cosine"} in changes(level)
    steep = told({"val_loss": curve(*[4 - 0.02 * n + 0.01 * (n % 3) for n in range(60)])})
    assert steep.kind == "improving"
    assert changes(steep) == [{"epochs": 40.0}]


def test_a_loss_that_does_not_move_while_another_does():
    other = trial(1, "complete", "finished", values={"val_loss": 1.0}, metrics={"val_loss": 1.0})
    assert told({"val_loss": wave(4, 4, 4)}, others=[other]).kind == "flat"
    assert told({"val_loss": wave(4, 4, 4)}).kind != "flat", "perhaps nothing moves it"


@pytest.mark.parametrize("curves", [{}, {"val_loss": []}, {"val_loss": curve(1.0)}])
def test_too_little_is_known(curves):
    assert told(curves).kind == "unknown"


def test_other_failures_are_called_what_they_are():
    assert told({}, "failed", "timeout").sentence == "failed (timeout)"
