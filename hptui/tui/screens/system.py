"""The machine.

GPUs with their load and users, processors, memory, disks, each with its recent history; and the places elsewhere where
trials of studies run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from hptui.core.format import duration
from hptui.operations.machine import ProcessNow
from hptui.tui.cells import Cell, fit_cells, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.machine import SystemSnapshot, SystemSource, share_of
from hptui.tui.sources.places import PlaceNow, PlacesSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.themes import Glyphs
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts

LABEL_CELLS = 26
"""Cells of the column of labels."""
LOAD_CELLS = 14
"""Readings of a process that are shown."""
PROCESS_COLUMNS = {
    "pid": 8,
    "user": 9,
    "GPU": 4,
    "memory": 18,
    "trial": 20,
    "CPU": 6,
    "lately": LOAD_CELLS + 2,
}
"""Heading of each column of processes -> its cells."""
PLACE_COLUMNS = {"place": 18, "study": 18, "state": 12, "for": 9, "running": 9}
"""Heading of each column of places -> its cells."""
PLACE_MEANINGS = {"unreachable": "bad", "refused": "bad", "queued": "warn", "connecting": "warn", "running": "good"}
"""State of a place -> how it is shown."""


class SystemScreen(SourceScreen):
    """The machine, read once per refresh while this screen is open."""

    scope = "system"
    BINDINGS: ClassVar[list[BindingType]] = bindings("system")

    def __init__(self) -> None:
        super().__init__()
        self._only_trials = False

    def compose(self) -> ComposeResult:
        host = host_of(self)
        self.source, self.places = SystemSource(host.home), PlacesSource(host.home)
        yield CellLine(id="head", classes="bar")
        with Vertical(id="body"):
            yield Facts(wrap=False, id="devices", classes="pane")
            yield Facts(wrap=False, id="places", classes="pane")
            yield Facts(wrap=False, id="processes", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#processes").focus()
        self.query_one("#places").display = False
        self.query_one("#head", CellLine).show([Cell("machine", bold=True)])

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.source, self.places]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self._show_machine()
        self._show_places()

    def _show_places(self) -> None:
        """Show where trials run elsewhere; without such places there is no pane."""
        places, pane = self.places.latest or (), self.query_one("#places", Facts)
        pane.display = bool(places)
        pane.title = "places elsewhere"
        pane.set_title(pane.title)
        pane.show(place_lines(places, time.time()))

    def _show_machine(self) -> None:
        snapshot = self.source.latest
        if snapshot is None:
            return
        glyphs = host_of(self).glyphs
        pane = self.query_one("#devices", Facts)
        pane.title = "devices"
        pane.set_title(pane.title)
        pane.show(device_lines(snapshot, glyphs, max(10, pane.size.width - LABEL_CELLS - 12)))
        pane = self.query_one("#processes", Facts)
        pane.title = "processes of trials" if self._only_trials else "processes of trials, and others on the GPUs"
        pane.set_title(pane.title)
        shown = [process for process in snapshot.processes if process.whose or not self._only_trials]
        pane.show(process_lines(shown, snapshot.loads, glyphs))

    def action_ours(self) -> None:
        self._only_trials = not self._only_trials
        self._show_machine()


def device_lines(snapshot: SystemSnapshot, glyphs: Glyphs, width: int) -> list[list[Cell]]:
    """Return one line per device: what it is, its load or use, and its recent history."""
    now, lines = snapshot.now, []
    for gpu in now.gpus:
        temperature = "" if gpu.celsius is None else f"{gpu.celsius:.0f} °C"
        power = "" if gpu.watts is None else f"{gpu.watts:.0f} W"
        lines.append(
            [Cell(f"GPU {gpu.label} {plain_line(gpu.name, 40)}", "accent"), Cell(f"  {temperature} {power}", "muted")]
        )
        lines.append(
            _device_line("  busy", gpu.busy, snapshot.history.get(f"gpu{gpu.label}", ()), glyphs, width, busy=True)
        )
        text = f"  memory {gpu.used_gb:.1f}/{gpu.total_gb:.0f} GiB"
        fraction = gpu.used_gb / gpu.total_gb if gpu.total_gb else None
        lines.append(_device_line(text, fraction, snapshot.history.get(f"vram{gpu.label}", ()), glyphs, width))
        for label, name, value, limit, unit in (
            ("power", "watts", gpu.watts, gpu.max_watts, "W"),
            ("clock", "clock", gpu.mhz, gpu.max_mhz, "MHz"),
        ):
            if value is not None and limit:
                history = snapshot.history.get(f"{name}{gpu.label}", ())
                text = f"  {label} {value:.0f}/{limit:.0f} {unit}"
                lines.append(_device_line(text, share_of(value, limit), history, glyphs, width, busy=True))
    lines += [[Cell(plain_line(sentence, 200), "bad")] for sentence in now.unusable]
    if not now.gpus and not now.unusable:
        lines.append([Cell("no GPU that the driver knows", "muted")])
    lines.append(
        _device_line(f"CPU, {now.cores} cores", now.cpu, snapshot.history.get("cpu", ()), glyphs, width, busy=True)
    )
    if now.used_gb is not None and now.total_gb:
        text = f"memory {now.used_gb:.1f}/{now.total_gb:.0f} GiB"
        lines.append(_device_line(text, now.used_gb / now.total_gb, snapshot.history.get("ram", ()), glyphs, width))
    for disk in snapshot.disks:
        used = 1 - disk.free_gb / disk.total_gb if disk.total_gb else None
        meaning = "bad" if disk.free_gb < 2 else "warn" if disk.free_gb < 20 else "muted"
        used_text = "" if used is None else f"{used:>5.0%}  "
        text = f"{disk.free_gb:.0f} of {disk.total_gb:.0f} GiB free on {plain_line(disk.path, 60)}"
        lines.append([Cell(fit_cells("disk", LABEL_CELLS)), Cell(used_text), Cell(text, meaning)])
    return lines


def _device_line(
    text: str, fraction: float | None, history: Sequence[float], glyphs: Glyphs, width: int, *, busy: bool = False
) -> list[Cell]:
    meaning = "muted" if fraction is None else ""
    if fraction is not None and busy:
        meaning = "good" if fraction > 0.5 else ""
    elif fraction is not None:
        meaning = "bad" if fraction > 0.95 else "warn" if fraction > 0.85 else ""
    fraction_text = "    –  " if fraction is None else f"{fraction:>5.0%}  "
    history_bars = "".join(glyphs.bars[round(value * (len(glyphs.bars) - 1))] for value in history[-width:])
    return [Cell(fit_cells(text, LABEL_CELLS)), Cell(fraction_text, meaning), Cell(history_bars, "accent")]


def process_lines(
    process_list: Sequence[ProcessNow], loads: Mapping[int, Sequence[float]], glyphs: Glyphs
) -> list[list[Cell]]:
    """Return one line per process, with its processor time; those of our trials are in colour."""
    if not process_list:
        return [[Cell("no trial runs on this machine, and nobody is on a GPU", "muted")]]
    lines = [[Cell("".join(fit_cells(text, width) for text, width in PROCESS_COLUMNS.items()) + "command", "muted")]]
    widths = list(PROCESS_COLUMNS.values())
    for process in process_list:
        memory_texts = [f"{process.rss_gb:.1f} GiB" if process.rss_gb is not None else ""]
        memory_texts += [f"GPU {process.gpu_gb:.1f}"] if process.gpu_gb is not None else []
        load = loads.get(process.pid, ())
        cells = [
            Cell(str(process.pid)),
            Cell(plain_line(process.user, 20)),
            Cell(process.gpu or ""),
            Cell("  ".join(part for part in memory_texts if part)),
            Cell(_trial_text(process.whose), "good" if process.whose else "muted"),
            Cell(f"{load[-1]:.0%}" if load else ""),
            Cell(_load_bars(load, glyphs), "accent"),
        ]
        # Each column ends in a gap, also where its text is cut.
        fitted = [
            Cell(fit_cells(cell.text, width - 1) + " ", cell.meaning) for cell, width in zip(cells, widths, strict=True)
        ]
        lines.append([*fitted, Cell(plain_line(_short_command(process.command), 200), "muted")])
    return lines


def place_lines(places: Sequence[PlaceNow], now: float) -> list[list[Cell]]:
    """Return a line per place, and under it why it does nothing or less."""
    lines = [[Cell("".join(fit_cells(text, width) for text, width in PLACE_COLUMNS.items()) + "trials", "muted")]]
    for place in places:
        cells = [
            Cell(plain_line(place.name, 40)),
            Cell(plain_line(place.study, 40)),
            Cell(plain_line(place.state, 20), PLACE_MEANINGS.get(place.state, "muted")),
            Cell(duration(max(0.0, now - place.since)) if place.since else ""),
            Cell(f"{place.running}/{place.slots}" if place.slots else str(place.running)),
        ]
        widths = PLACE_COLUMNS.values()
        fitted = [
            Cell(fit_cells(cell.text, width - 1) + " ", cell.meaning) for cell, width in zip(cells, widths, strict=True)
        ]
        lines.append([*fitted, Cell(" ".join(f"#{number}" for number in place.trials))])
        lines += [[Cell(f"  {plain_line(place.why, 200)}", "muted")]] if place.why else []
    return lines


def _trial_text(whose: str) -> str:
    """Return the trial that a process belongs to, its number first, since a column may be narrow."""
    study, _, number = whose.rpartition(" trial ")
    return plain_line(f"#{number} {study}", 60) if whose else "–"


def _load_bars(load: Sequence[float], glyphs: Glyphs) -> str:
    """Return the last loads as bars; the highest bar is one core, or the highest load if that is more."""
    shown = load[-LOAD_CELLS:]
    highest = max([1.0, *shown])
    return "".join(glyphs.bars[round(value / highest * (len(glyphs.bars) - 1))] for value in shown)


def _short_command(command: str) -> str:
    """Return a command without the directory of its program."""
    program, separator, arguments = command.partition(" ")
    return f"{program.rpartition('/')[2]}{separator}{arguments}"
