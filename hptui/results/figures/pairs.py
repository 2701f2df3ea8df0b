"""Two settings against each other, coloured by the objective: where the good region lies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from hptui.model.format import metric as shown
from hptui.model.format import setting
from hptui.model.trial import Role, Trial, TrialStatus
from hptui.results.facts import Fact, Line, Name, Part, line
from hptui.results.figures.axis import Axis, axis_of, dress_number, jitter
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import INK, RED, scale_of, sheet
from hptui.results.roles import setting_of

NUMBERED = 20
"""So many points are numbered."""
WITHOUT = {TrialStatus.FAILED: ("x", RED, "failed"), TrialStatus.PRUNED: ("|", INK, "pruned")}


def hyperparam_comparison(scene: Scene) -> Drawn | None:
    """`hyperparam_comparison`: the learning rate and the batch size where both vary, else the two most important."""
    own = scene.own
    names = two_of(scene)
    if not own or len(names) < 2:
        return None
    settings = [scene.settings(trial) for trial in scene.trials]
    across, up = (axis_of(scene.view, name, [one.get(name) for one in settings]) for name in names)
    values = [scene.values[trial.number] for trial in own]
    norm = Normalize(min(values), max(values))
    picture, axes = sheet(6.4, 4.2)
    cells = bool(across.levels and up.levels)
    if cells:
        _cells(axes, scene, own, across, up, norm)
    else:
        _points(axes, scene, across, up, norm)
    across.dress(axes, "x")
    up.dress(axes, "y")
    bar = picture.colorbar(ScalarMappable(norm, scale_of(scene.study.objective.goal)), ax=axes, pad=0.02)
    bar.set_label(f"{label(scene.view, scene.metric)} (dark is better)")
    bar.outline.set_visible(False)
    dress_number(bar.ax, "y")
    best = scene.order[0]
    rows = [_row(scene, trial, names) for trial in scene.trials]
    alt = f"{names[0]} against {names[1]}, coloured by {scene.metric}"
    return Drawn("hyperparam_comparison", alt, _caption(scene, names, best, own, cells=cells), rows, picture)


def two_of(scene: Scene) -> list[str]:
    """The two settings to compare: those that every study asks about first, then by importance."""
    first = [name for role in ("learning_rate", "batch") if (name := setting_of(scene.names, role))]
    return list(dict.fromkeys([*first, *scene.names]))[:2]


def _points(axes: Any, scene: Scene, across: Axis, up: Axis, norm: Any) -> None:
    """A point per trial; those without a value are marked by what became of them."""
    places = {trial.number: at for trial in scene.trials if (at := _at(scene, trial, across, up)) is not None}
    for status, (marker, colour, word) in WITHOUT.items():
        found = [places[trial.number] for trial in scene.trials if trial.status is status and trial.number in places]
        if found:
            axes.scatter(*zip(*found, strict=True), marker=marker, color=colour, s=52, lw=1.3, label=word, zorder=2)
    best, size = scene.order[0], 62 if len(scene.own) <= 200 else 14
    baseline = [trial for trial in scene.own if trial.role is Role.BASELINE and trial is not best]
    others = [trial for trial in scene.own if trial.role is not Role.BASELINE and trial is not best]
    dark, light = {"edgecolor": INK, "lw": 1.2}, {"edgecolor": "white", "lw": size / 100}
    _group(axes, scene, norm, places, others, s=size, **light)
    for trials, shape, area, word in ((baseline, "D", 48, "baseline"), ([best], "*", 230, scene.best_label)):
        _group(axes, scene, norm, places, trials, marker=shape, s=area, zorder=4, **dark)
        if trials:
            axes.scatter([], [], marker=shape, s=60, facecolor="white", edgecolor=INK, label=word)
    if len(scene.trials) <= NUMBERED:
        there: dict[tuple[float, float], list[int]] = defaultdict(list)
        marked = {trial.number for trial in scene.trials if trial.status in WITHOUT} | {one.number for one in scene.own}
        for number, at in places.items():
            if number in marked:
                there[at].append(number)
        for at, numbers in there.items():  # one above the other they could not be read
            axes.annotate(
                ", ".join(map(str, numbers)), at, (7, 6), textcoords="offset points", fontsize=7, color=INK, zorder=6
            )
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), handletextpad=0.3)
    axes.margins(0.08)


def _group(
    axes: Any, scene: Scene, norm: Any, places: Mapping[int, tuple[float, float]], trials: Sequence[Trial], **how: Any
) -> None:
    """Trials with a value, each in its colour."""
    own = [trial.number for trial in trials if trial.number in places]
    if own:
        colours = scale_of(scene.study.objective.goal)
        x, y = zip(*(places[number] for number in own), strict=True)
        axes.scatter(x, y, c=[colours(norm(scene.values[number])) for number in own], **{"zorder": 3, **how})


def _at(scene: Scene, trial: Trial, across: Axis, up: Axis) -> tuple[float, float] | None:
    settings = scene.settings(trial)
    x, y = across.place(settings.get(across.name)), up.place(settings.get(up.name))
    if x is None or y is None:
        return None
    return x + jitter(trial.number, across), y + jitter(trial.number, up)


def _cells(axes: Any, scene: Scene, own: Sequence[Trial], across: Axis, up: Axis, norm: Any) -> None:
    """Two choices: a map of means, each with its number of trials."""
    from matplotlib.patches import Rectangle

    ranked = {trial.number for trial in own}
    cells: dict[tuple[float, float], list[Trial]] = defaultdict(list)
    without: dict[tuple[float, float], Counter[str]] = defaultdict(Counter)
    for trial in scene.trials:
        settings = scene.settings(trial)
        x, y = across.place(settings.get(across.name)), up.place(settings.get(up.name))
        if x is None or y is None:
            continue
        if trial.number in ranked:
            cells[x, y].append(trial)
        elif trial.status in WITHOUT:
            without[x, y][WITHOUT[trial.status][2]] += 1
    colours = scale_of(scene.study.objective.goal)
    spec = scene.study.metrics.get(scene.metric)
    best = scene.order[0]
    axes.grid(visible=False)
    for (x, y), trials in cells.items():
        mean = fmean(scene.values[trial.number] for trial in trials)
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
        text = "\n".join(
            [f"best, {shown(mean, spec)}" if star and len(trials) == 1 else shown(mean, spec), f"n={len(trials)}"]
            + [f"{count} {word}" for word, count in without.pop((x, y), {}).items()]
        )
        axes.text(x, y, text, ha="center", va="center", fontsize=7, color=INK if light else "white", zorder=4)
    for (x, y), words in without.items():  # a cell in which nothing has a value has no colour
        text = "\n".join(f"{count} {word}" for word, count in words.items())
        axes.text(x, y, text, ha="center", va="center", fontsize=7, color=INK)
    places = [*cells, *without]
    axes.set_xlim(min(x for x, _ in places) - 0.6, max(x for x, _ in places) + 0.6)
    axes.set_ylim(min(y for _, y in places) - 0.6, max(y for _, y in places) + 0.6)


def _row(scene: Scene, trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    settings = scene.settings(trial)
    metric = scene.metric
    return {
        "trial": trial.number,
        "status": str(trial.status),
        **{name: settings.get(name) for name in names},
        metric: (trial.values or {}).get(metric),
    }


def _caption(scene: Scene, names: Sequence[str], best: Trial, own: Sequence[Trial], *, cells: bool) -> Line:
    metric, settings = scene.metric, scene.settings(best)
    spec = scene.study.metrics.get(metric)
    value = scene.values[best.number]
    key = "figure.hyperparam_comparison"
    parts: dict[str, Part | Line] = {
        "one": Name(names[0]),
        "two": Name(names[1]),
        "metric": Name(metric),
        "mean": ", the mean of each cell" if cells else "",
        "n": count(f"{key}.ranked", own),
        "best": the(f"{key}.best", best),
        "so": scene.best_words,
        "value": Fact(f"{key}.value", value, shown(value, spec), (best.number,), f"values.{metric}"),
        "x": _setting(key, names[0], settings, best),
        "y": _setting(key, names[1], settings, best),
    }
    return line(
        "{one} against {two} in {n} ranked trials, coloured by {metric}{mean}. "
        "Trial {best}, {so} with {value}, had {one} {x} and {two} {y}.",
        **parts,
    )


def _setting(key: str, name: str, settings: Any, best: Trial) -> Fact:
    return Fact(f"{key}.{name}", settings.get(name), setting(settings.get(name)), (best.number,), f"settings.{name}")
