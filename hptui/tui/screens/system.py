"""The machine.

GPUs with their load and users, processors, memory, disks, each with its recent history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from hptui.operations.machine import ProcessNow
from hptui.tui.cells import Cell, fit_cells, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.machine import SystemSnapshot, SystemSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.themes import Glyphs
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts

LABEL_CELLS = 26
"""Cells of the column of labels."""


class SystemScreen(SourceScreen):
    """The machine, read once per refresh while this screen is open."""

    scope = "system"
    BINDINGS: ClassVar[list[BindingType]] = bindings("system")

    def __init__(self) -> None:
        super().__init__()
        self._only_trials = False

    def compose(self) -> ComposeResult:
        host = host_of(self)
        self.source = SystemSource(host.home)
        yield CellLine(id="head", classes="bar")
        with Vertical(id="body"):
            yield Facts(wrap=False, id="devices", classes="pane")
            yield Facts(wrap=False, id="processes", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#processes").focus()
        self.query_one("#head", CellLine).show([Cell("machine", bold=True)])

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.source]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self._show_machine()

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
        pane.show(process_lines([process for process in snapshot.processes if process.whose or not self._only_trials]))

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
            [Cell(f"GPU {gpu.index} {plain_line(gpu.name, 40)}", "accent"), Cell(f"  {temperature} {power}", "muted")]
        )
        lines.append(
            _device_line("  busy", gpu.busy, snapshot.history.get(f"gpu{gpu.index}", ()), glyphs, width, busy=True)
        )
        text = f"  memory {gpu.used_gb:.1f}/{gpu.total_gb:.0f} GiB"
        fraction = gpu.used_gb / gpu.total_gb if gpu.total_gb else None
        lines.append(_device_line(text, fraction, snapshot.history.get(f"vram{gpu.index}", ()), glyphs, width))
    if not now.gpus:
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


def process_lines(process_list: Sequence[ProcessNow]) -> list[list[Cell]]:
    """Return one line per process; those of our trials are in colour."""
    if not process_list:
        return [[Cell("no trial runs, and nobody is on a GPU", "muted")]]
    lines = [
        [
            Cell(
                fit_cells("pid", 9)
                + fit_cells("user", 11)
                + fit_cells("GPU", 5)
                + fit_cells("memory", 18)
                + fit_cells("trial", 28)
                + "command",
                "muted",
            )
        ]
    ]
    for process in process_list:
        gpu = "" if process.gpu is None else str(process.gpu)
        memory_texts = [f"{process.rss_gb:.1f} GiB" if process.rss_gb is not None else ""]
        memory_texts += [f"GPU {process.gpu_gb:.1f} GiB"] if process.gpu_gb is not None else []
        cells_text = fit_cells(str(process.pid), 9) + fit_cells(plain_line(process.user, 20), 11) + fit_cells(gpu, 5)
        cells_text += fit_cells("  ".join(part for part in memory_texts if part), 18)
        trial_cell = Cell(
            fit_cells(plain_line(process.whose, 60) if process.whose else "–", 28), "good" if process.whose else "muted"
        )
        lines.append([Cell(cells_text), trial_cell, Cell(plain_line(_short_command(process.command), 200), "muted")])
    return lines


def _short_command(command: str) -> str:
    """Return a command without the directory of its program."""
    program, separator, arguments = command.partition(" ")
    return f"{program.rpartition('/')[2]}{separator}{arguments}"
