import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hptui.store.records import Bucket
from hptui.tui.charts import layout, naming, series
from hptui.tui.charts.raster import ASCII, BLOCK, BRAILLE, PlaneBox, SeriesLine, rasterize, runs
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.chart_legend import ChartCurve


def line(x, y):
    y = np.array(y, dtype=float)
    return SeriesLine(np.array(x, dtype=float), y, y)


def drawn(lines, width, height, box, style=BRAILLE):
    codes, _ = rasterize(lines, width, height, box, style)
    return ["".join(style.glyphs[code] for code in row) for row in codes]


def test_a_rising_line_rises():
    rows = drawn([line([0, 1], [0, 1])], 4, 2, PlaneBox(0, 1, 0, 1))
    assert rows == ["⠀⠀⡠⠊".replace("⠀", "⠀"), "⡠⠊⠀⠀"]


def test_a_spike_among_a_million_points_is_seen():
    y = np.zeros(1_000_000)
    y[654_321] = 1
    codes, _ = rasterize([SeriesLine(np.arange(1e6), y, y)], 40, 10, PlaneBox(0, 1e6, 0, 1))
    assert codes[0].any()


def test_what_is_no_number_is_a_gap():
    y = [0.5] * 40 + [np.nan] * 20 + [0.5] * 40
    codes, _ = rasterize([line(range(100), y)], 20, 3, PlaneBox(0, 99, 0, 1))
    assert not codes[:, 9:11].any()
    assert codes[:, :7].any()
    assert codes[:, 14:].any()


@pytest.mark.parametrize(
    "points",
    [[], [(3, 1.0)], [(0, np.nan)], [(0, np.inf), (1, 1.0)], [(0, 1.0), (1, 1.0)], [(0, -1.0), (1, 0.0)]],
)
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("style", [BRAILLE, BLOCK, ASCII])
def test_odd_series_are_drawn_without_complaint(points, log, style):
    one = line([x for x, _ in points], [y for _, y in points])
    box = PlaneBox(0, 10, 0.1, 2, log)
    codes, owner = rasterize([one], 7, 3, box, style)
    assert codes.shape == owner.shape == (3, 7)
    assert codes.max(initial=0) < len(style.glyphs)


def test_the_last_line_is_on_top():
    flat = line([0, 1], [0.5, 0.5])
    _, owner = rasterize([flat, flat], 5, 1, PlaneBox(0, 1, 0, 1))
    assert set(owner[0]) == {1}


def test_one_point_is_one_dot():
    codes, _ = rasterize([line([5], [0.5])], 10, 4, PlaneBox(0, 10, 0, 1))
    assert (codes > 0).sum() == 1


def test_ticks_are_round_and_inside():
    assert layout.linear_ticks(0, 300, 3) == [0, 100, 200, 300]
    assert layout.linear_ticks(2.05, 3.3, 3) == [2.5, 3.0]
    assert layout.log_ticks(1e-5, 1e-1, 6)[0] == pytest.approx(1e-5)
    for low, high in ((1, 1), (np.nan, 1), (-1, np.inf), (1e300, 1e301)):
        assert len(layout.linear_ticks(low, high, 4)) < 12


@pytest.mark.parametrize(
    ("value", "span", "text"),
    [(0, 1, "0"), (2.5, 0.5, "2.5"), (3.0, 0.5, "3.0"), (12345, 0, "12.35k"), (2e-5, 0, "2e-5")],
)
def test_labels(value, span, text):
    assert layout.tick_text(value, span) == text


def test_smoothing_starts_at_the_first_value_and_leaves_gaps():
    curve = series.curve_of_points([(1, 4.0, 0.1), (2, float("nan"), 0.2), (3, 2.0, 0.3)])
    out = series.moving_average(curve, 0.5)
    assert out[0] == 4.0
    assert np.isnan(out[1])
    assert 2.0 < out[2] < 4.0
    assert series.moving_average(curve, 0.0) is curve.mean


@pytest.mark.parametrize("counts", [(1,), (3, 1, 250), (700,)])
@pytest.mark.parametrize("weight", [0.1, 0.6, 0.99])
def test_smoothing_is_the_moving_average_that_is_written_down_point_by_point(weight, counts):
    chance = np.random.default_rng(0)
    mean = np.where(chance.random(1600) < 0.1, np.nan, chance.normal(3.0, 10.0, 1600))
    mean[700] = 1e6
    count = np.resize(np.array(counts, float), 1600)
    average = total = 0.0
    expected = []
    for value, keep in zip(mean, weight**count, strict=True):
        if value == value:
            average, total = average * keep + value * (1 - keep), total * keep + (1 - keep)
        expected.append(average / total if value == value else np.nan)
    curve = series.CurveArrays(np.arange(1600.0), mean, mean, mean, count, mean)
    assert series.moving_average(curve, weight) == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_a_stretch_of_many_points_weighs_as_many():
    points = series.curve_of_points([(n, 1.0 if n <= 50 else 3.0, 0.0) for n in range(1, 101)])
    buckets = series.curve_of_buckets([Bucket(1, 50, 1, 1, 1, 50, 0), Bucket(51, 100, 3, 3, 3, 50, 0)])
    assert series.moving_average(points, 0.9)[-1] == pytest.approx(series.moving_average(buckets, 0.9)[-1], abs=0.02)


def test_axes():
    curve = series.curve_of_points([(10, 1.0, 5.0), (20, 2.0, 9.0)])
    tokens = series.curve_of_points([(10, 1000.0, 5.0), (20, 2000.0, 9.0)])
    assert list(series.x_on_axis(curve, "time", None)) == [5, 9]
    assert list(series.x_on_axis(curve, "tokens", tokens)) == [1000, 2000]
    assert series.x_on_axis(curve, "epoch", None) is None
    assert series.line_of_curve(curve, "epoch") is None


@pytest.mark.parametrize(
    ("metric", "names", "expected"),
    [
        ("val_loss", ["train_loss", "val_loss"], "train_loss"),
        ("eval/loss", ["train/loss", "eval/loss"], "train/loss"),
        ("eval_loss", ["loss", "eval_loss"], "loss"),
        ("loss", ["loss", "eval_loss"], "eval_loss"),
        ("train_acc", ["train_acc", "val_acc"], "val_acc"),
        ("accuracy", ["accuracy", "loss"], None),
    ],
)
def test_partners(metric, names, expected):
    assert naming.counterpart_of(metric, names) == expected


def test_bounds_leave_out_what_is_no_number():
    lines = [line([0, 1, 2], [np.nan, 1, 2]), line([0, 1, 2], [np.inf, -1, 0])]
    assert layout.value_bounds(lines, 0, 2, log=False) == (-1, 2)
    assert layout.value_bounds(lines, 0, 2, log=True) == (1, 2)
    assert layout.value_bounds([line([0], [np.nan])], 0, 1, log=False) is None


def test_a_frame_fits_any_size():
    for width in range(1, 30):
        for height in range(1, 8):
            for box in (PlaneBox(0, 1, 0, 1), PlaneBox(0, 1e9, 1e-9, 1e9, log=True), PlaneBox(0, 1, 5, 5.000001)):
                found = layout.axis_layout(box, width, height)
                assert all(0 <= row < max(1, height - 1) for row, _ in found.rows)


def test_the_value_under_a_crosshair():
    one = line([0, 10, 20], [1, 2, np.nan])
    assert layout.value_at(one, -1) is None
    assert layout.value_at(one, 12) == 2
    assert layout.value_at(one, 20) is None


@pytest.mark.parametrize(
    ("owners", "cross", "expected"),
    [
        ([], None, []),
        ([-1, -1, -1], None, [(0, 3)]),
        ([-1, 0, 0, 1], None, [(0, 1), (1, 3), (3, 4)]),
        ([-1, -1, -1, -1], 2, [(0, 2), (2, 3), (3, 4)]),
        ([0, 0, 0, 0], 2, [(0, 2), (2, 4)]),
    ],
    ids=str,
)
def test_a_row_falls_into_runs_and_an_empty_cell_at_the_crosshair_stands_alone(owners, cross, expected):
    assert list(runs(owners, cross)) == expected


def test_a_window_that_is_zoomed_keeps_its_centre_and_stays_inside():
    assert layout.zoomed_window((0, 100), 0.5, 50, (0, 100)) == (25, 75)
    assert layout.zoomed_window((0, 100), 0.5, 100, (0, 100)) == (50, 100)
    assert layout.zoomed_window((25, 75), 2.0, 50, (0, 100)) is None
    assert layout.zoomed_window((80, 100), 2.0, 80, (0, 100)) == (60, 100)
    assert layout.moved_window((25, 75), 0.25, (0, 100)) == (37.5, 87.5)
    assert layout.moved_window((25, 75), -1, (0, 100)) == (0, 50)


def test_the_y_axis_grows_but_moves_only_when_it_must():
    first = layout.steady_value_bounds([line([0, 1], [1, 2])], 0, 9, None, log=False, zoomed=False)
    assert first is not None
    assert first[0] < 1 < 2 < first[1]
    assert layout.steady_value_bounds([line([0, 1], [1.2, 1.9])], 0, 9, first, log=False, zoomed=False) == first
    grown = layout.steady_value_bounds([line([0, 1], [1, 3])], 0, 9, first, log=False, zoomed=False)
    assert grown is not None
    assert grown[1] > 3
    shrunk = layout.steady_value_bounds([line([0, 1], [1.0, 1.1])], 0, 9, first, log=False, zoomed=False)
    assert shrunk is not None
    assert shrunk[1] < 1.2
    assert layout.steady_value_bounds([line([0], [float("nan")])], 0, 9, first, log=False, zoomed=False) is None


@given(st.lists(st.integers(90, 110), min_size=2, max_size=5), st.data())
def test_the_axes_are_the_same_in_whatever_order_the_curves_came(levels, data):
    """Curves that almost fill the axis of the others: it must not stay as they left it."""
    points = [[(step, level * (1 - step / 20), 0.0) for step in range(11)] for level in levels]
    curves = [ChartCurve(f"#{index}", series.curve_of_points(some), index) for index, some in enumerate(points)]
    shown = [(curve, line(curve.curve.x, curve.curve.mean)) for curve in curves]
    order = data.draw(st.permutations(shown))
    one_by_one = Chart()
    for stop in range(1, len(order)):
        one_by_one.axis_bounds(order[:stop])
    assert one_by_one.axis_bounds(shown) == Chart().axis_bounds(shown)
