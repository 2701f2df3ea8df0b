"""The report before it is written, and the machine, as a person sees them."""

from __future__ import annotations

import json
import os
import time

import pytest
from textual.widgets import Input

from hptui.core.trial import StudyState
from hptui.tui.screens.report import ReportScreen
from hptui.tui.screens.system import SystemScreen
from hptui.tui.widgets.facts import Facts
from tests.operations.made import FILE, make
from tests.tui.walk import SIZES, walking

pytestmark = pytest.mark.process

PLAIN = f'{FILE}    [report]\n    figures = "none"\n'
sizes = pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])
MINUTE = 60.0
"""A report is made by another process."""


@sizes
async def test_the_report_is_read_searched_and_written(home, size, tmp_path):
    sd = make(home, text=PLAIN)
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("R")
        await walk.until("working it out")
        await walk.until("w writes it", MINUTE)
        screen = walk.app.screen
        assert isinstance(screen, ReportScreen)
        assert "0.5621" in screen.text
        assert "oom" in screen.text
        assert screen.text.splitlines()[0] in walk.text
        await walk.press("o")
        await walk.until("Section")
        heads = [line for line in screen.text.splitlines() if line.startswith("#")]
        await walk.press(*heads[-1].lower().lstrip("# ")[:8], "enter")
        await walk.until(heads[-1])
        await walk.press("m")
        await walk.until(lambda: screen.query("MarkdownH2"))
        assert not screen.query_one("#body", Facts).display
        await walk.press("m")
        if size == SIZES[1]:
            return
        await walk.press("w")
        await walk.until("Write the report")
        target = tmp_path / "out.md"
        walk.app.screen.query_one(Input).value = str(target)
        await walk.press("enter")
        await walk.until(target.is_file, MINUTE)
        assert target.read_text().splitlines()[0] == screen.text.splitlines()[0]
        await walk.press("escape")
        assert not isinstance(walk.app.screen, ReportScreen)


async def test_readonly_writes_no_report(home):
    sd = make(home)
    async with walking(home, study=sd, readonly=True) as walk:
        await walk.until("★3")
        await walk.press("R")
        await walk.until("working it out")
        await walk.press("w")
        assert isinstance(walk.app.screen, ReportScreen)
        assert "Write the report" not in walk.text


@sizes
async def test_the_machine(home, size):
    make(home)
    async with walking(home, size=size) as walk:
        await walk.until("made by hand")
        await walk.press("u")
        await walk.until("cores")
        assert isinstance(walk.app.screen, SystemScreen)
        devices = walk.app.screen.query_one("#devices", Facts).lines
        assert any("free on" in cell.text for line in devices for cell in line)
        await walk.until("no trial runs" if "no GPU" in walk.text else "processes")
        await walk.press("o")
        await walk.until("processes of trials")
        await walk.press("u")
        await walk.press("escape")
        await walk.until("made by hand")


@sizes
async def test_places_elsewhere_are_listed_while_a_runner_lives(home, size):
    """What cannot be reached and why, and which trials run where; nothing of a study without a runner."""
    from hptui.operations.runner_process import acquire_study_lock
    from hptui.store.recorded import MetaKey
    from hptui.store.store import Store

    now = round(time.time())
    places = [
        {"name": "box2", "state": "unreachable", "why": "no route to it", "since": now - 65, "slots": 2, "running": 0},
        {"name": "box3", "state": "running", "why": "", "since": 0.0, "slots": 4, "running": 2},
    ]
    attempts = {str(n): {"state": "alive", "why": "", "place": "box3", "since": now} for n in (4, 7)}
    text = FILE + '    [resources]\n    executor = "ssh"\n    [ssh]\n    hosts = ["box2", "box3"]\n'
    sd = make(home, text=text, state=StudyState.RUNNING)
    with Store.open(sd) as store:
        store.set_meta(MetaKey.PLACES, json.dumps({"attempts": attempts, "places": places}))
    make(home, text=text.replace('name = "made"', 'name = "asleep"'))
    lock = acquire_study_lock(sd)
    assert lock is not None
    try:
        async with walking(home, size=size) as walk:
            await walk.press("u")
            await walk.until("places elsewhere")
            await walk.until("box2")
            shown = [" ".join("".join(cell.text for cell in line).split()) for line in _lines(walk, "#places")]
            assert any(line.startswith(f"box2 {sd.name} unreachable 6") and "0/2" in line for line in shown)
            assert "no route to it" in shown
            assert f"box3 {sd.name} running 2/4 #4 #7" in shown  # nobody knows since when: no time
            assert not any("asleep" in line for line in shown)
    finally:
        os.close(lock)


def _lines(walk, pane):
    return walk.app.screen.query_one(pane, Facts).unfolded_lines


async def test_a_running_trial_is_among_the_processes(tmp_path):
    from hptui.operations.run import run
    from tests.support import kill_all, toy

    home = tmp_path / "home"
    try:
        run(home, str(toy(tmp_path, "busy", steps=2000, step_seconds=0.05, trials=1)))
        async with walking(home) as walk:
            await walk.until("running")
            await walk.press("u")
            await walk.until("busy", MINUTE)
    finally:
        kill_all(home)
