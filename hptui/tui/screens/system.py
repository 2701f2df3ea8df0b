"""The machine: GPUs with what they do and who uses them, processors, memory, disks, each with its last minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from hptui.actions.processes import ProcessNow
from hptui.tui.cells import Cell
from hptui.tui.glyphs import Glyphs
from hptui.tui.keys import bindings
from hptui.tui.screens.base import Place, app_of
from hptui.tui.sources.pool import Source
from hptui.tui.sources.system import SystemSnapshot, SystemSource
from hptui.tui.text import fit, plain
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.lineui import Answer, CellLine, KeyLine

LABEL = 26


class SystemScreen(Place):
    """One look a second while it is open."""

    scope = "system"
    BINDINGS: ClassVar[list[BindingType]] = bindings("system")

    def __init__(self) -> None:
        super().__init__()
        self._ours = False

    def compose(self) -> ComposeResult:
        app = app_of(self)
        self.source = SystemSource(app.home)
        yield CellLine(id="head", classes="bar")
        with Vertical(id="body"):
            yield Facts(wrap=False, id="devices", classes="pane")
            yield Facts(wrap=False, id="processes", classes="pane")
        yield Answer(id="answer")
        yield KeyLine(ascii=app.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#processes").focus()
        self.query_one("#head", CellLine).show([Cell("machine", bold=True)])

    def sources(self) -> Sequence[Source]:
        return [self.source]

    def read(self, source: Source, found: Any) -> None:
        self._draw()

    def _draw(self) -> None:
        found = self.source.latest
        if found is None:
            return
        glyphs = app_of(self).glyphs
        pane = self.query_one("#devices", Facts)
        pane.title = "devices"
        pane.entitle(pane.title)
        pane.show(devices(found, glyphs, max(10, pane.size.width - LABEL - 12)))
        pane = self.query_one("#processes", Facts)
        pane.title = "processes of trials" if self._ours else "processes of trials, and others on the GPUs"
        pane.entitle(pane.title)
        pane.show(processes([one for one in found.processes if one.whose or not self._ours]))

    def action_ours(self) -> None:
        self._ours = not self._ours
        self._draw()


def devices(found: SystemSnapshot, glyphs: Glyphs, width: int) -> list[list[Cell]]:
    """A line a device: what it is, how full or busy it is, and its last minutes."""
    now, lines = found.now, []
    for gpu in now.gpus:
        heat = "" if gpu.celsius is None else f"{gpu.celsius:.0f} °C"
        power = "" if gpu.watts is None else f"{gpu.watts:.0f} W"
        lines.append([Cell(f"GPU {gpu.index} {plain(gpu.name, 40)}", "accent"), Cell(f"  {heat} {power}", "muted")])
        lines.append(_line("  busy", gpu.busy, found.history.get(f"gpu{gpu.index}", ()), glyphs, width, busy=True))
        text = f"  memory {gpu.used_gb:.1f}/{gpu.total_gb:.0f} GB"
        share = gpu.used_gb / gpu.total_gb if gpu.total_gb else None
        lines.append(_line(text, share, found.history.get(f"vram{gpu.index}", ()), glyphs, width))
    if not now.gpus:
        lines.append([Cell("no GPU that the driver knows", "muted")])
    lines.append(_line(f"CPU, {now.cores} cores", now.cpu, found.history.get("cpu", ()), glyphs, width, busy=True))
    if now.used_gb is not None and now.total_gb:
        text = f"memory {now.used_gb:.1f}/{now.total_gb:.0f} GB"
        lines.append(_line(text, now.used_gb / now.total_gb, found.history.get("ram", ()), glyphs, width))
    for disk in found.disks:
        used = 1 - disk.free_gb / disk.total_gb if disk.total_gb else None
        meaning = "bad" if disk.free_gb < 2 else "warn" if disk.free_gb < 20 else "muted"
        full = "" if used is None else f"{used:>5.0%}  "
        text = f"{disk.free_gb:.0f} of {disk.total_gb:.0f} GB free on {plain(disk.path, 60)}"
        lines.append([Cell(fit("disk", LABEL)), Cell(full), Cell(text, meaning)])
    return lines


def _line(
    text: str, share: float | None, history: Sequence[float], glyphs: Glyphs, width: int, *, busy: bool = False
) -> list[Cell]:
    meaning = "muted" if share is None else ""
    if share is not None and busy:
        meaning = "good" if share > 0.5 else ""
    elif share is not None:
        meaning = "bad" if share > 0.95 else "warn" if share > 0.85 else ""
    shown = "    –  " if share is None else f"{share:>5.0%}  "
    bars = "".join(glyphs.bars[round(value * (len(glyphs.bars) - 1))] for value in history[-width:])
    return [Cell(fit(text, LABEL)), Cell(shown, meaning), Cell(bars, "accent")]


def processes(found: Sequence[ProcessNow]) -> list[list[Cell]]:
    """A line a process: those of our trials in colour."""
    if not found:
        return [[Cell("no trial runs, and nobody is on a GPU", "muted")]]
    lines = [
        [
            Cell(
                fit("pid", 9) + fit("user", 11) + fit("GPU", 5) + fit("memory", 18) + fit("trial", 28) + "command",
                "muted",
            )
        ]
    ]
    for one in found:
        gpu = "" if one.gpu is None else str(one.gpu)
        memory = [f"{one.rss_gb:.1f} GB" if one.rss_gb is not None else ""]
        memory += [f"GPU {one.gpu_gb:.1f} GB"] if one.gpu_gb is not None else []
        head = fit(str(one.pid), 9) + fit(plain(one.user, 20), 11) + fit(gpu, 5)
        head += fit("  ".join(part for part in memory if part), 18)
        whose = Cell(fit(plain(one.whose, 60) if one.whose else "–", 28), "good" if one.whose else "muted")
        lines.append([Cell(head), whose, Cell(plain(_named(one.command), 200), "muted")])
    return lines


def _named(command: str) -> str:
    """A command without the directory of its program, which is long and tells little."""
    program, space, rest = command.partition(" ")
    return f"{program.rpartition('/')[2]}{space}{rest}"
