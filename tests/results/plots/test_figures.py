"""Figures show what is recorded, say so in captions that are computed, and are the same bytes each time."""

import csv
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PIL import Image

from hptui.core.errors import UserError
from hptui.core.trial import Reason, TrialStatus
from hptui.results.facts import plain_text
from hptui.results.plots.context import PlotContext
from hptui.results.plots.settings import categories
from hptui.results.plots.write import contour_page, trace_page, write_plots
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from tests.operations.made import EVIL, TRIALS, make, trial
from tests.results.plots import stores


def drawn(sd, folder, kind="png"):
    with StoreReader.open(sd) as reader:
        return {one.name: one for one in write_plots(read_view(sd, reader), reader, folder, kind)}


def rows(figure):
    with figure.csv.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_seeds_own_figures(home, tmp_path):
    found = drawn(stores.math_sft(home), tmp_path / "images")
    assert {"training_loss", "eval_accuracy", "hyperparam_comparison", "categorization"} <= found.keys()
    for figure in found.values():
        with Image.open(figure.path) as picture:
            assert min(picture.size) > 200
        assert figure.path.name == f"{figure.name}.png"
    history = rows(found["eval_accuracy"])
    assert [float(row["accuracy"]) for row in history] == [correct / 200 for _, _, correct in stores.SEED_0]
    assert (round(float(history[0]["low"]), 4), round(float(history[0]["high"]), 4)) == (0.0027, 0.0357)
    assert (history[1]["low"], history[1]["high"]) == ("", ""), "the best was chosen for its value"
    assert [float(row["best_so_far"]) for row in history][:3] == [0.01, 0.03, 0.03]
    bars = rows(found["categorization"])
    assert all(int(r["accuracy"]) + int(r["wrong_answer"]) + int(r["format_failure"]) == int(r["n"]) for r in bars)
    assert "accuracy 6 of 200" in plain_text(found["categorization"].caption)
    pairs = rows(found["hyperparam_comparison"])
    assert list(pairs[0]) == ["trial", "status", "learning_rate", "batch_size", "accuracy"]
    assert (pairs[1]["learning_rate"], pairs[1]["batch_size"]) == ("7.98e-06", "256")


def test_every_number_of_a_caption_is_recorded(home, tmp_path):
    sd = stores.two(home)
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        figures = write_plots(view, reader, tmp_path, "svg")
    values = {one.number: one.values or {} for one in view.trials}
    assert {figure.name for figure in figures} >= {"pareto", "slices", "parallel_coordinates"}
    for figure in figures:
        words = "".join(part for part in figure.caption if isinstance(part, str))
        assert not re.search(r"\d", words), words
        for fact in figure.facts:
            where, _, name = fact.field.partition(".")
            if where == "values":
                assert fact.value == values[fact.trials[0]][name]
            if where == "settings":
                assert fact.value == view.settings(view.trials[fact.trials[0]])[name]


def test_a_trial_without_a_value_is_no_point(home, tmp_path):
    found = drawn(make(home), tmp_path)
    history = rows(found["objective"])
    assert [row["loss"] for row in history] == ["0.6097", "0.5834", "0.6523", "0.5621", "", "", ""]
    assert [row["status"] for row in history][4:] == ["failed", "pruned", "failed"]
    assert "3 trials without a value" in plain_text(found["objective"].caption)
    assert "trial 3" in plain_text(found["training_loss"].caption).lower()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_store_gives_the_same_bytes(home, tmp_path, kind):
    sd = stores.two(home, 12)
    one, other = drawn(sd, tmp_path / "a", kind), drawn(sd, tmp_path / "b", kind)
    for name, figure in one.items():
        assert figure.path.read_bytes() == other[name].path.read_bytes(), name
        assert figure.csv.read_bytes() == other[name].csv.read_bytes(), name


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [TRIALS[7]],
        [TRIALS[4], TRIALS[6]],
        [trial(0, "complete", "finished", 0.5)],
        [trial(n, "complete", "finished", 0.5, params={"learning_rate": 1e-3, "width": 16}) for n in range(5)],
        [trial(n, "complete", "finished", 0.0) for n in range(5)],
    ],
    ids=["none", "waiting", "failed", "one", "equal", "zero"],
)
def test_little_data_is_no_obstacle(home, tmp_path, trials):
    found = drawn(make(home, trials), tmp_path)
    assert ("objective" in found) == any(one.values for one in trials)
    assert "hyperparam_comparison" not in found or len({str(one.params) for one in trials}) > 1


def test_infinite_and_missing_points_are_left_out(home, tmp_path):
    odd = [trial(n, "complete", "finished", 0.5 + n) for n in range(3)]
    odd.append(replace(trial(3, "failed"), reason=Reason.NAN))

    def points(one):
        for step in range(1, 6):
            yield ("loss", step, float("inf") if step == 3 else 1.0 / step, None, 1.0)
        if one.status is TrialStatus.FAILED:
            yield ("loss", 6, None, "nan", 1.0)

    found = drawn(stores.write(home, stores.ONE, odd, points), tmp_path)
    steps = [row["step"] for row in rows(found["training_loss"]) if row["trial"] == "3"]
    assert steps == ["1.0", "2.0", "4.0", "5.0"]
    assert "1 ended in a failure" in plain_text(found["training_loss"].caption)


def test_hostile_names_are_only_names(home, tmp_path):
    file = """
        name = "evil"
        [objective]
        metric = "$\\\\frac{1}$ <b>|`\U0001f600"
        [trainer]
        kind = "toy"
        [space]
        "a|$b_{2}$</svg><script>" = { low = 1e-5, high = 1.0, log = true }
        kind_of = { choices = ["<i>x</i>", "$y$", "\U0001f525"] }
        [search]
        sampler = "random"
        trials = 4
    """
    metric = "$\\frac{1}$ <b>|`\U0001f600"
    trials = [
        trial(
            n,
            "complete",
            "finished",
            values={metric: 1.0 + n},
            params={"a|$b_{2}$</svg><script>": 10.0**-n, "kind_of": ["<i>x</i>", "$y$", "\U0001f525"][n % 3]},
            name="",
            note=EVIL,
        )
        for n in range(6)
    ]
    sd = stores.write(home, file, trials, lambda one: [(metric, s, 1.0 / s, None, 1.0) for s in (1, 2, 3)])
    found = drawn(sd, tmp_path, "svg")
    assert {"objective", "training_loss", "slices", "hyperparam_comparison"} <= found.keys()
    for figure in found.values():
        tree = ElementTree.fromstring(figure.path.read_text())
        assert not [one for one in tree.iter() if one.tag.endswith("script")]
    with StoreReader.open(sd) as reader:
        scene = PlotContext(read_view(sd, reader), reader)
        for page in (trace_page(scene), contour_page(scene)):
            assert "</svg><script>" not in page
            assert "<i>x</i>" not in page


def test_pages_fetch_nothing_and_are_the_same_each_time(home):
    sd = stores.two(home, 20)
    with StoreReader.open(sd) as reader:
        scene = PlotContext(read_view(sd, reader), reader)
        page = contour_page(scene, "depth", "width")
        assert page == contour_page(scene, "depth", "width")
        assert not re.findall(r"<(?:script|link)[^>]+(?:src|href)=", page)
        assert '"depth"' in page
        assert "two: objective over two settings" in page
        assert all(f'"label":"x: {name}"' in page for name in ("depth", "width", "learning_rate"))
        assert "best so far" in trace_page(scene)
        with pytest.raises(UserError, match="'dept' does not vary") as caught:
            contour_page(scene, "dept")
        assert "depth" in caught.value.hint


def test_categories_are_counts_that_add_up():
    def one(**k):
        metrics = {f"{name}:k": float(value) for name, value in k.items()} | {f"{name}:n": 10.0 for name in k}
        return trial(0, "complete", loss=1.0, metrics=metrics)

    parts = [one(right=2, wrong=5, other=3, exact=2), one(right=1, wrong=9, other=0, exact=1)]
    assert set(categories(parts)) in ({"wrong", "other", "right"}, {"wrong", "other", "exact"})
    assert categories([one(right=2, wrong=5)]) == []
    assert categories([trial(0, "complete", loss=1.0)]) == []


CHOICES = """
    name = "choices"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    [space]
    width = { choices = [16, 32, 64] }
    schedule = { choices = ["cosine", "linear"] }
    [search]
    sampler = "grid"
"""


def test_two_choices_are_a_map_of_means(home, tmp_path):
    cells = {(16, "cosine"): (0.5, 0.7), (16, "linear"): (0.9,), (32, "cosine"): (0.3,), (64, "linear"): (0.8, 0.8)}
    every = [({"width": w, "schedule": s}, loss) for (w, s), losses in cells.items() for loss in losses]
    trials = [trial(n, "complete", "finished", loss, params=params) for n, (params, loss) in enumerate(every)]
    trials.append(trial(6, "failed", "oom", params={"width": 64, "schedule": "cosine"}))
    trials.append(trial(7, "pruned", "pruner", params={"width": 16, "schedule": "cosine"}))
    figure = drawn(stores.write(home, CHOICES, trials, lambda one: []), tmp_path, "svg")["hyperparam_comparison"]
    svg = figure.path.read_text()
    for text in ("0.6", "n=2", "1 pruned", "0.9", "best, 0.3", "0.8", "1 failed"):
        assert f"<!-- {text} -->" in svg, "a cell has its mean and how many trials, or what became of those without"
    assert svg.count("<!-- n=1 -->") == svg.count("<!-- n=2 -->") == 2
    assert "coloured by loss, the mean of each cell. Trial 3, the best with 0.3" in plain_text(figure.caption)
    assert {(row["width"], row["schedule"]) for row in rows(figure) if row["loss"]} == {(str(w), s) for w, s in cells}


def test_the_training_loss_is_drawn_whatever_the_objective(home, tmp_path):
    own = [trial(n, "complete", "finished", 0.5 + n) for n in range(2)]
    points = [(name, step, 1 / step, None, 1.0) for name in ("loss", "train_loss") for step in (1, 2, 3)]
    file = stores.ONE.replace('metric = "loss"', 'metric = "perplexity"')
    own = [replace(one, values={"perplexity": one.values["loss"]}) for one in own]
    points += [("perplexity", step, 9 / step, None, 1.0) for step in (1, 2)]
    found = drawn(stores.write(home, file, own, lambda one: points), tmp_path)
    assert plain_text(found["training_loss"].caption).startswith("train_loss over steps")
    assert plain_text(found["objective_curves"].caption).startswith("perplexity over steps")


def test_trials_in_one_place_are_numbered_together(home, tmp_path):
    params = [{"learning_rate": 1e-3, "depth": 2}] * 3 + [{"learning_rate": 1e-2, "depth": 4}]
    own = [trial(n, "complete", "finished", 0.5 + n, params=one) for n, one in enumerate(params)]
    found = drawn(stores.write(home, stores.ONE, own, lambda one: []), tmp_path, "svg")
    svg = found["hyperparam_comparison"].path.read_text()
    assert "<!-- 0, 1, 2 -->" in svg


def test_the_ticks_of_a_small_logarithmic_range_are_all_powers():
    from hptui.results.plots.style import _power

    assert [_power(at, small=True) for at in (1e-3, 1e-2, 3e-2, 1.0, 10.0)] == ["1e-3", "1e-2", "3e-2", "1", "10"]
    assert _power(0.05, small=False) == "0.05"
