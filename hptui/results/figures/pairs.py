"""Two settings against each other, coloured by the objective: where the good region lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from hptui.model.format import metric as shown
from hptui.model.format import setting
from hptui.model.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import in_rank, ranked, value_of, varied
from hptui.results.facts import Fact, Line, Name, Part, line
from hptui.results.figures.axis import Axis, axis_of, dress_number, jitter
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.style import INK, RED, scale_of, sheet
from hptui.results.roles import setting_of
from hptui.results.view import View

NUMBERED = 20
"""So many points are numbered."""
WITHOUT = {TrialStatus.FAILED: ("x", RED, "failed"), TrialStatus.PRUNED: ("|", INK, "pruned")}


def hyperparam_comparison(view: View, order: Sequence[str] = ()) -> Drawn | None:
    """`hyperparam_comparison`: the learning rate and the batch size where both vary, else the first two of `order`."""
    own = ranked(view)
    names = two_of(view, order)
    if not own or len(names) < 2:
        return None
    settings = [view.settings(trial) for trial in view.trials]
    across, up = (axis_of(view, name, [one.get(name) for one in settings]) for name in names)
    values = [value_of(view, trial) for trial in own]
    norm = Normalize(min(values), max(values))
    picture, axes = sheet(6.4, 4.2)
    if across.levels and up.levels:
        _cells(axes, view, own, across, up, norm)
    else:
        _points(axes, view, own, across, up, norm)
    across.dress(axes, "x")
    up.dress(axes, "y")
    bar = picture.colorbar(ScalarMappable(norm, scale_of(view.study.objective.goal)), ax=axes, pad=0.02)
    bar.set_label(f"{label(view, view.study.objective.metric)} (dark is better)")
    bar.outline.set_visible(False)
    dress_number(bar.ax, "y")
    best = in_rank(view, own)[0]
    rows = [_row(view, trial, names) for trial in view.trials]
    alt = f"{names[0]} against {names[1]}, coloured by {view.study.objective.metric}"
    return Drawn("hyperparam_comparison", alt, _caption(view, names, best, own), rows, picture)


def two_of(view: View, order: Sequence[str]) -> list[str]:
    """The two settings to compare: those that every study asks about first, then by importance, then as they stand."""
    names = varied(view, ranked(view))
    first = [name for role in ("learning_rate", "batch") if (name := setting_of(names, role))]
    return list(dict.fromkeys([*first, *(name for name in order if name in names), *names]))[:2]


def _points(axes: Any, view: View, own: Sequence[Trial], across: Axis, up: Axis, norm: Any) -> None:
    best = in_rank(view, own)[0]
    colours = scale_of(view.study.objective.goal)
    placed = {trial.number for trial in own}
    for trial in view.trials:
        marker = WITHOUT.get(trial.status)
        at = _at(view, trial, across, up)
        if at is None or (trial.number not in placed and marker is None):
            continue
        if marker is not None:
            axes.scatter(*at, marker=marker[0], color=marker[1], s=52, lw=1.3, zorder=2)
            continue
        star = trial.number == best.number
        shape = "*" if star else "D" if trial.role is Role.BASELINE else "o"
        axes.scatter(
            *at,
            marker=shape,
            s=230 if star else 62,
            c=[colours(norm(value_of(view, trial)))],
            edgecolor=INK if star or shape == "D" else "white",
            lw=1.2 if star or shape == "D" else 0.6,
            zorder=4 if star else 3,
        )
        if len(view.trials) <= NUMBERED:
            axes.annotate(str(trial.number), at, (5, 5), textcoords="offset points", fontsize=7, color=INK, zorder=5)
    for shape, word in (("*", "best"), ("D", "baseline")):
        if shape == "*" or any(trial.role is Role.BASELINE for trial in own):
            axes.scatter([], [], marker=shape, s=60, facecolor="white", edgecolor=INK, label=word)
    for status, (marker_, colour, word) in WITHOUT.items():
        if any(trial.status is status for trial in view.trials):
            axes.scatter([], [], marker=marker_, s=52, color=colour, label=word)
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), handletextpad=0.3)
    axes.margins(0.08)


def _at(view: View, trial: Trial, across: Axis, up: Axis) -> tuple[float, float] | None:
    settings = view.settings(trial)
    x, y = across.place(settings.get(across.name)), up.place(settings.get(up.name))
    if x is None or y is None:
        return None
    return x + jitter(trial.number, across), y + jitter(trial.number, up)


def _cells(axes: Any, view: View, own: Sequence[Trial], across: Axis, up: Axis, norm: Any) -> None:
    """Two choices: a map of means, each with its number of trials."""
    from matplotlib.patches import Rectangle

    cells: dict[tuple[float, float], list[Trial]] = defaultdict(list)
    for trial in own:
        settings = view.settings(trial)
        x, y = across.place(settings.get(across.name)), up.place(settings.get(up.name))
        if x is not None and y is not None:
            cells[x, y].append(trial)
    colours = scale_of(view.study.objective.goal)
    spec = view.study.metrics.get(view.study.objective.metric)
    best = in_rank(view, own)[0]
    axes.grid(visible=False)
    for (x, y), trials in cells.items():
        mean = fmean(value_of(view, trial) for trial in trials)
        colour = colours(norm(mean))
        star = best.number in {trial.number for trial in trials}
        axes.add_patch(
            Rectangle(
                (x - 0.5, y - 0.5),
                1,
                1,
                facecolor=colour,
                edgecolor=INK if star else "white",
                lw=2 if star else 1,
                zorder=3 if star else 2,
            )
        )
        light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.55
        text = f"{shown(mean, spec)}\nn={len(trials)}"
        axes.text(x, y, text, ha="center", va="center", fontsize=7, color=INK if light else "white", zorder=4)


def _row(view: View, trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    settings = view.settings(trial)
    metric = view.study.objective.metric
    return {
        "trial": trial.number,
        "status": str(trial.status),
        **{name: settings.get(name) for name in names},
        metric: (trial.values or {}).get(metric),
    }


def _caption(view: View, names: Sequence[str], best: Trial, own: Sequence[Trial]) -> Line:
    metric, settings = view.study.objective.metric, view.settings(best)
    spec = view.study.metrics.get(metric)
    value = value_of(view, best)
    key = "figure.hyperparam_comparison"
    parts: dict[str, Part] = {
        "one": Name(names[0]),
        "two": Name(names[1]),
        "metric": Name(metric),
        "n": count(f"{key}.ranked", own),
        "best": the(f"{key}.best", best),
        "value": Fact(f"{key}.value", value, shown(value, spec), (best.number,), f"values.{metric}"),
        "x": _setting(key, names[0], settings, best),
        "y": _setting(key, names[1], settings, best),
    }
    return line(
        "{one} against {two} in {n} ranked trials, coloured by {metric}. "
        "The best, trial {best} with {value}, had {one} {x} and {two} {y}.",
        **parts,
    )


def _setting(key: str, name: str, settings: Any, best: Trial) -> Fact:
    return Fact(f"{key}.{name}", settings.get(name), setting(settings.get(name)), (best.number,), f"settings.{name}")
