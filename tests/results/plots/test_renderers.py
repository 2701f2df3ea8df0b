"""A plot is computed once: a figure and a terminal show the same trials, with the same notes."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patches import Rectangle

from hptui.operations.report import verify_report, write_report
from hptui.results.facts import plain_text
from hptui.results.plots.context import PlotContext
from hptui.results.plots.matplotlib import draw as draw_figure
from hptui.results.plots.plot import Axis, Bar, Curve, Plot, PlotCell, PlotOptions, Point
from hptui.results.plots.registry import PLOTS
from hptui.results.plots.style import plot_style
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from hptui.tui.charts.plots import draw as draw_cells
from tests.results.plots.studies import STUDIES


@pytest.fixture(scope="module", params=STUDIES)
def study(request, tmp_path_factory):
    """A fixed study: its directory, and every plot of it, as a report and as the screen ask for them."""
    home = tmp_path_factory.mktemp(request.param)
    sd = STUDIES[request.param](home)
    with StoreReader.open(sd) as reader:
        context = PlotContext(read_view(sd, reader), reader)
        names = tuple(parameter.name for parameter in context.study.space.parameters)
        pairs = list(pairwise(names))
        asked = {"slice": [(name,) for name in names], "contour": pairs, "parallel": [names]}
        plots = {}
        for kind, make in PLOTS.items():
            screen = [PlotOptions(settings=chosen, whole_range=True) for chosen in asked.get(kind, ())]
            for options in (PlotOptions(), *screen):
                plots[kind, options] = make(context, options)
        yield sd, context, {key: plot for key, plot in plots.items() if plot is not None}


# what a figure shows, read from its artists


def of_figure(plot: Plot, figure) -> set[int]:
    """The trials that a figure shows, by where its marks, lines and boxes stand."""
    panels = plot.panels or (plot,)
    shown: set[int] = set()
    for panel, axes in zip(panels, figure.axes, strict=False):
        offsets = [
            tuple(row) for part in axes.collections if isinstance(part, PathCollection) for row in part.get_offsets()
        ]
        lines = [list(map(tuple, line.get_xydata())) for line in axes.lines]
        lines += [
            list(map(tuple, segment))
            for part in axes.collections
            if isinstance(part, LineCollection)
            for segment in part.get_segments()
        ]
        boxes = [
            (box.get_x(), box.get_y(), box.get_width(), box.get_height())
            for box in axes.patches
            if isinstance(box, Rectangle)
        ]
        notes = [text.get_text() for text in axes.texts]
        shown |= {point.trial for point in panel.points if any(close(at, point, panel) for at in offsets)}
        shown |= {curve.trial for curve in panel.curves if curve.trial is not None and list(curve.points) in lines}
        for cell in panel.cells:
            if cell.n and (cell.x - 0.5, cell.y - 0.5, 1, 1) in boxes and any(f"n={cell.n}" in note for note in notes):
                shown |= set(cell.trials)
            for status, numbers in cell.without:
                if any(f"{len(numbers)} {status}" in note for note in notes):
                    shown |= set(numbers)
        numbers = list(dict.fromkeys(bar.trial for bar in panel.bars))
        for bar in panel.bars:
            box = (numbers.index(bar.trial) - 0.41, bar.low, 0.82, bar.share)
            if bar.trial is not None and any(
                all(abs(a - b) < 1e-9 for a, b in zip(box, other, strict=True)) for other in boxes
            ):
                shown.add(bar.trial)
    return shown


def close(at, point: Point, panel: Plot) -> bool:
    """Whether a mark is that of a point; categories are spread a little, what has no value stands at the foot."""
    reach = [0.16 if axis.categories else 1e-9 * max(1.0, abs(axis.high)) for axis in (panel.x, panel.y)]
    at_foot = panel.kind in ("history", "slice") and point.z is None
    return abs(at[0] - point.x) <= reach[0] and abs(at[1] - (0.02 if at_foot else point.y)) <= reach[1]


# what a terminal shows, one trial at a time


def only(plot: Plot, number: int | None) -> Plot:
    """The same plot with the marks of one trial, or of none."""

    def keep(parts):
        return tuple(part for part in parts if part.trial in (None, number))

    cells = []
    for cell in plot.cells:
        without = tuple((status, (number,)) for status, numbers in cell.without if number in numbers)
        has = number in cell.trials
        if has or without or not cell.outside:
            cells.append(replace(cell, trials=(number,) if has else (), z=cell.z if has else None, without=without))
    return replace(
        plot,
        points=keep(plot.points),
        curves=keep(plot.curves),
        cells=tuple(cells),
        bars=keep(plot.bars),
        panels=tuple(only(panel, number) for panel in plot.panels),
    )


NUMBER = re.compile(r"#\d+")
"""The number of a trial next to its mark, where there is room."""


def of_terminal(plot: Plot, marks: str) -> set[int]:
    """The trials whose marks a terminal shows, each drawn alone, and none of which is blank among the others."""
    # A map gets all the room that it can use: what its signs mean takes lines from it.
    size = (60, 100 if plot.kind == "contour" else 14 * max(1, len(plot.panels)), marks)
    empty, whole = flat(draw_cells(only(plot, None), *size)), flat(draw_cells(plot, *size))
    shown = set()
    # Below a map stands what its signs mean, of those signs that it has.
    keys = (y for y, row in enumerate(empty) if row.startswith(" the fuller"))
    above_keys = next(keys, None) if plot.kind == "contour" else None
    for number in plot.trials:
        rows = flat(draw_cells(only(plot, number), *size))
        alone = [NUMBER.sub(lambda found: " " * len(found[0]), row) for row in rows]
        own = [
            (y, x)
            for y, row in enumerate(alone[:above_keys])
            for x, sign in enumerate(row)
            if sign != (empty[y][x : x + 1] if y < len(empty) else "") and sign not in " ·"
        ]
        if own and all(whole[y][x] not in " ·" for y, x in own if plot.kind != "categories"):
            shown.add(number)
    return shown


def flat(drawing) -> list[str]:
    return ["".join(cell.text for cell in line) for line in drawing]


def notes_of_terminal(plot: Plot) -> str:
    return " ".join(" ".join(flat(draw_cells(plot, 90, 30))).split())


def test_both_show_the_trials_of_the_plot(study):
    _, _, plots = study
    assert plots
    for (kind, options), plot in plots.items():
        with plot_style():
            assert of_figure(plot, draw_figure(plot)) == plot.trials, (kind, options)
        assert of_terminal(plot, "braille") == plot.trials, (kind, options)
        if not options.settings:
            assert of_terminal(plot, "ascii") == plot.trials, (kind, options)


def test_both_show_the_shares_of_an_importance(study):
    _, _, plots = study
    for (kind, _), plot in plots.items():
        if kind == "importance":
            with plot_style():
                axes = draw_figure(plot).axes[0]
            assert [box.get_width() for box in axes.patches] == [bar.share for bar in plot.bars]
            assert [label.get_text() for label in axes.get_yticklabels()] == [bar.label for bar in plot.bars]
            lines = flat(draw_cells(plot, 90, 30))[1:]
            assert [(line.split()[0], line.split()[-1]) for line in lines[: len(plot.bars)]] == [
                (bar.label, f"{bar.share:.0%}") for bar in plot.bars
            ]


def test_no_trial_is_lost_without_a_word(study):
    """Every ranked trial is in a slice, or counted in a note as one without the setting."""
    _, context, plots = study
    ranked = {trial.number for trial in context.ranked}
    for (kind, options), plot in plots.items():
        if kind == "history":
            assert ranked <= plot.trials
        if kind in ("slice", "contour") and options.settings:
            facts = [fact for note in plot.notes for fact in note if not isinstance(fact, str) and hasattr(fact, "key")]
            missing = {number for fact in facts if ".missing." in fact.key for number in fact.trials}
            assert ranked <= plot.trials | missing, (kind, options)
            assert not missing & plot.trials
            counted = {number for fact in facts if ".outside." in fact.key for number in fact.trials}
            outside = {point.trial for panel in (plot, *plot.panels) for point in panel.points if point.outside}
            assert counted - missing == outside, (kind, options)


def test_both_show_the_notes_of_the_plot(study):
    """The caption stands below the figure in a report."""
    _, _, plots = study
    for plot in plots.values():
        for note in map(plain_text, plot.notes):
            assert note in plain_text(plot.caption)
            assert note in notes_of_terminal(plot)


def test_a_report_says_which_trials_lie_outside_todays_range(home, tmp_path):
    sd = STUDIES["outside"](home)
    report, *_ = write_report(sd, tmp_path, figures="png")
    said = (
        " 3 trials lie outside today's range (1e-4 … 0.01) of learning_rate. 1 trial lies outside today's range (2 … "
    )
    assert report.read_text().count(said) == 2  # slices and parallel coordinates; the contour has a failed trial, too
    assert verify_report(home, report).differences == []


def by_name(home, name: str, **options) -> dict[str, Plot]:
    sd = STUDIES[name](home)
    with StoreReader.open(sd) as reader:
        context = PlotContext(read_view(sd, reader), reader)
        plots = {kind: make(context, PlotOptions(**options)) for kind, make in PLOTS.items()}
        return {kind: plot for kind, plot in plots.items() if plot is not None}


@pytest.mark.parametrize("whole_range", [False, True])
def test_a_trial_outside_todays_range_stays_at_its_edge(home, whole_range):
    plot = by_name(home, "outside", settings=("learning_rate",), whole_range=whole_range)["slice"]
    assert [plain_text(note) for note in plot.notes[:2]] == [
        "4 trials lie outside today's range (1e-4 … 0.01)",
        "1 trial without a value is marked at the foot",
    ]
    outside = {point.trial: point.x for point in plot.panels[0].points if point.outside and point.z is not None}
    assert outside == {9: 0.01, 10: 0.01, 11: 1e-4}
    assert (plot.panels[0].x.low, plot.panels[0].x.high) == (1e-4, 1e-2)
    assert [row for row in plot.table.rows if row[0][0] in "<>"] == [
        ("< 1e-4", "1", "1.400", "1.400", "0"),
        ("> 0.01", "2", "1.050", "0.200", "1"),
    ]


def test_a_removed_choice_keeps_its_trials(home):
    plots = by_name(home, "removed", settings=("width", "schedule"))
    notes = [plain_text(note) for note in plots["contour"].notes]
    assert notes == [
        "2 trials lie outside today's choices (16, 32, 64) of width",
        "4 trials lie outside today's choices (cosine, linear) of schedule",
    ]
    assert plots["contour"].x.categories == ("16", "32", "64", "128")


def test_trials_without_a_setting_are_counted(home):
    plots = by_name(home, "without", settings=("dropout",))
    assert plain_text(plots["slice"].notes[0]) == "2 trials have no dropout"
    assert plots["slice"].trials == set(range(8))


def test_a_mean_is_not_mixed_with_that_of_trials_outside(home):
    cells = by_name(home, "outside", settings=("learning_rate", "width"), whole_range=True)["contour"].cells
    assert {number for cell in cells if cell.outside for number in cell.trials} == {9, 10, 11}
    assert all(not {9, 10, 11} & set(cell.trials) for cell in cells if not cell.outside)


PARTS = {
    "points": lambda bad: (Point(bad, 0.0, 0),),
    "curves": lambda bad: (Curve(((0.0, bad),)),),
    "cells": lambda bad: (PlotCell(0.0, 0.0, bad),),
    "bars": lambda bad: (Bar("", 0.5, 0.0, bad),),
    "axes": lambda bad: (Axis(low=bad),),
}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("part", PARTS)
def test_what_is_no_number_reaches_no_renderer(part, bad):
    with pytest.raises(ValueError, match="the plot x has a number that is not finite"):
        Plot("history", "x", "", "", **{part: PARTS[part](bad)})


def test_a_lost_trial_is_seen(home):
    """The comparison of this module fails if a renderer leaves out a trial."""
    plot = by_name(home, "failures")["history"]
    hidden = replace(plot, points=tuple(point for point in plot.points if point.trial != 1))
    with plot_style():
        assert of_figure(plot, draw_figure(hidden)) == plot.trials - {1}
    assert of_terminal(hidden, "braille") == plot.trials - {1}


@pytest.mark.parametrize("width", [30, 40, 60, 80, 118])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 12])
@pytest.mark.parametrize("names", [False, True])
def test_values_under_a_map_are_whole(width, count, names):
    """They are in order; a name that is cut says so, a number never is."""
    values = [10.0**-n * 1.4 for n in range(count)]
    texts = tuple(f"{n}-category" for n in range(count)) if names else ()
    axis = Axis(low=values[-1], high=values[0], kind="linear" if names else "log", label="setting", categories=texts)
    xs = sorted(range(count) if names else values)
    cells = tuple(PlotCell(x=x, y=0.0, z=1.0, trials=(0,)) for x in xs)
    rows = flat(
        draw_cells(Plot("contour", "map", "", "", x=axis, y=Axis(label="y"), cells=cells), width, 12, "braille")
    )
    shown = rows[next(y for y, row in enumerate(rows) if row.strip() == "setting") - 1].split()
    known = [axis.text(x) for x in xs]
    assert shown
    places = [
        next(n for n, text in enumerate(known) if own in (text, f"{text[: len(own) - 1]}…" if names else text))
        for own in shown
    ]
    assert places == sorted(set(places))
