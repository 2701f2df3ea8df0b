"""How studies begin, with what they run, how a person left them, and what a trial has written."""

from __future__ import annotations

import json
import sys
import textwrap

import pytest
from textual.widgets import Input

from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from hptui.tui import editor
from hptui.tui.config import StudyLayout, load_layout, save_layout
from hptui.tui.path_completion import completed_path
from hptui.tui.screens.launch import LaunchForm
from hptui.tui.screens.records import RecordsScreen, record_lines
from hptui.tui.screens.study import StudyScreen
from hptui.tui.screens.tour import PAGES
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.table import TableWidget
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import make
from tests.support import kill_all, run_to_rest, toy
from tests.tui.walk import SIZES, walking

pytestmark = pytest.mark.process

sizes = pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])


@pytest.fixture
def by_hand(monkeypatch, tmp_path):
    """An editor that runs a piece of Python on the file; the pilot's terminal cannot be given away, so it need not."""
    from contextlib import contextmanager

    from hptui.tui.app import HptuiApp

    @contextmanager
    def suspend(self):
        yield

    monkeypatch.setattr(HptuiApp, "suspend", suspend)

    def is_(code):
        script = tmp_path / "editor.py"
        script.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{textwrap.dedent(code)}")
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")

    return is_


@sizes
async def test_a_study_from_a_template_that_is_edited_first(home, size, tmp_path, monkeypatch, by_hand):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    text = toy(tmp_path, "mine", trials=1, steps=2).read_text()
    by_hand(f"assert 'charlm' in path.read_text()\npath.write_text({text!r})")
    try:
        async with walking(home, size=size) as walk:
            await walk.until("No study yet")
            await walk.press("n")
            await walk.until("A new study")
            await walk.press(*"characters", "enter")
            await walk.until("Write the study file as")
            await walk.press("enter")
            await walk.until("Run mine")
            walk.app.screen.query_one("#run-parallel", Input).value = "2"
            await walk.press("enter")
            await walk.until(lambda: isinstance(walk.app.screen, StudyScreen), 60)
            await walk.until_said("new study 'mine'")
            await walk.press("q")
            await walk.until(lambda: not isinstance(walk.app.screen, StudyScreen))
            assert "starting" not in walk.text
        assert (here / "charlm.toml").read_text() == text
        assert read_view(StudyDir(home / "mine")).study.resources.parallel == 2
    finally:
        kill_all(home)


async def test_a_running_study_is_changed_by_the_same_form(home, tmp_path):
    path = toy(tmp_path, "busy", trials=3, steps=10_000, step_seconds=0.05)
    sd = run(home, str(path)).sd
    try:
        async with walking(home, study=sd) as walk:
            await walk.until(lambda: walk.app.screen.snapshot is not None and walk.app.screen.snapshot.alive)
            await walk.press("r")
            await walk.until("busy is running: change it")
            walk.app.screen.query_one("#run-parallel", Input).value = "2"
            await walk.press("enter")
            await walk.until("busy runs on, changed", 60)
        assert read_view(sd).study.resources.parallel == 2
    finally:
        kill_all(home)


async def test_files_nearby_are_offered_and_a_wrong_one_is_not_taken(home, tmp_path, monkeypatch):
    here = tmp_path / "here"
    (here / "studies").mkdir(parents=True)
    monkeypatch.chdir(here)
    (here / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    wrong = toy(here / "studies", "wrong", trainer="widht = 3")
    wrong.write_text('about = "as it says of itself"\n' + wrong.read_text())
    async with walking(home) as walk:
        await walk.until("No study yet")
        await walk.press("n")
        await walk.until("studies/wrong.toml")
        assert "pyproject" not in walk.text
        assert "as it says of itself" in walk.text
        await walk.press(*"wrong", "enter")
        await walk.until("New study from file")
        await walk.until("widht")
        assert walk.app.screen.query_one(Input).value == "studies/wrong.toml"
        await walk.press("escape")
        await walk.until("No study yet")


@sizes
async def test_a_study_at_rest_is_run_with_what_is_chosen(home, size, tmp_path):
    sd = run_to_rest(home, toy(tmp_path, "rested", trials=1, steps=2))
    try:
        async with walking(home, size=size, study=sd) as walk:
            await walk.until("trials 1")
            await walk.press("r")
            await walk.until("Run rested")
            assert isinstance(walk.app.screen, LaunchForm)
            styles = walk.app.screen.styles
            assert (styles.align_horizontal, styles.align_vertical, styles.background.a) == ("center", "middle", 0.6)
            await walk.press("enter")
            await walk.until_said("nothing is left to run")
            await walk.until(lambda: not runner_status(sd)["alive"], 30)
            await walk.until(lambda: not walk.app.screen.snapshot.alive)
            await walk.press("r")
            await walk.until("Run rested")
            walk.app.screen.query_one("#run-trials", Input).value = "many"
            await walk.press("enter")
            await walk.until("is not a number from 1")
            walk.app.screen.query_one("#run-trials", Input).value = "+2"
            walk.app.screen.query_one("#run-parallel", Input).value = "2"
            await walk.press("enter")
            await walk.until_said("rested runs", 60)
        study = read_view(sd).study
        assert study.search.trials == 3
        assert study.resources.parallel == 2
        assert study.resources.gpus == "all"
    finally:
        kill_all(home)


@sizes
async def test_a_note_in_the_editor(home, size, by_hand):
    sd = make(home)
    by_hand("path.write_text('first line\\nsecond line\\n')")
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("E")
        await walk.until("noted on trial 3")
        with StoreReader.open(sd) as reader:
            assert reader.trial(3).note == "first line\nsecond line"
        await walk.until(lambda: "\n" in walk.app.screen.view.trials[3].note)
        await walk.press("N")
        await walk.until("Note on trial 3")
        await walk.press("enter")
        await walk.until(lambda: isinstance(walk.app.screen, StudyScreen))
        await walk.app.workers.wait_for_complete()
        with StoreReader.open(sd) as reader:
            assert reader.trial(3).note == "first line\nsecond line", "looking at it changes nothing"


def test_an_editor_is_chosen_as_elsewhere(monkeypatch):
    monkeypatch.setenv("VISUAL", "code --wait")
    assert editor.editor_command() == ["code", "--wait"]
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", "")
    assert editor.editor_command() == ["vi"]


async def test_a_study_looks_as_it_was_left(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        table.trials.set_columns(["width", "loss"])
        table.sort_by("width", down=True)
        await walk.press("2", "m", "L")
        assert walk.app.screen.query_one("#chart1", Chart).metric == "accuracy"
        await walk.press("Q")
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table, chart = walk.app.screen.query_one(TrialTable), walk.app.screen.query_one("#chart1", Chart)
        assert [column.name for column in table.trials.columns] == ["number", "status", "width", "loss"]
        assert table.trials.sorting() == ("width", True)
        assert (chart.metric, chart.log_y) == ("accuracy", True)


async def test_a_layout_that_cannot_be_any_more_is_dropped(home, tmp_path):
    sd = make(home)
    save_layout(sd.root, StudyLayout(columns=("gone", "width"), by="gone", metrics=("gone", ""), log_y=(False, True)))
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        assert [column.name for column in table.trials.columns] == ["number", "status", "width"]
        assert table.trials.sorting()[0] == "loss"
    path = tmp_path / "state" / "hptui" / "layouts.json"
    path.write_text('{"' + str(sd.root) + '": {"columns": 3, "smoothing": "x"}}')
    assert load_layout(sd.root) == StudyLayout()
    path.write_text("[")
    assert load_layout(sd.root) == StudyLayout()


async def test_readonly_remembers_nothing(home):
    sd = make(home)
    async with walking(home, study=sd, readonly=True) as walk:
        await walk.until("★3")
        await walk.press("S", "Q")
    assert load_layout(sd.root) == StudyLayout()


RECORDS = [
    {"row": 0, "prompt": "What is 1 + 1?\n<think>", "output": "2", "category": "correct", "answer": "2"},
    {"row": 1, "prompt": "And 2 + 2?\x1b[2J", "output": "[bold]5[/]", "category": "wrong answer", "answer": None},
    {"row": 2, "prompt": "And 3?", "output": "", "category": "format failure", "cause": "cut off"},
]


@sizes
async def test_generated_text_is_read_record_by_record(home, size):
    sd = make(home)
    path = sd.trial(3) / "artifacts" / "generations.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(one) + "\n" for one in RECORDS) + "{half a li")
    with Store.open(sd) as store:
        store.add_artifact(3, 1, "artifacts/generations.jsonl")
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("enter")
        await walk.until("generations.jsonl" if size[0] > 100 else "trial 3")
        await walk.until(lambda: walk.app.screen.trial_source.latest)
        await walk.press("enter")
        await walk.until("What is 1 + 1?")
        assert isinstance(walk.app.screen, RecordsScreen)
        assert "[bold]5[/]" in walk.text
        assert "\x1b" not in walk.text
        assert "wrong answer 1" in walk.text
        await walk.press("o", "o")
        await walk.until("And 2 + 2?")
        assert "What is 1 + 1?" not in walk.text
        await walk.press("o", "o", "m")
        await walk.until("{half a li")
        await walk.press("escape", "escape")


def test_records_of_any_shape():
    found = record_lines([{"": "no json"}, {"a": {"b": [1, None]}, "c": None}, {}])
    text = "\n".join("".join(cell.text for cell in line) for line in found)
    assert "no json" in text
    assert '{"b": [1, null]}' in text
    assert "–" in text


def test_a_path_is_completed_as_far_as_it_is_unambiguous(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("train.py", "trainer.py", "other.txt", ".hidden.py", "deep/one.py", "deep/two.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    cases = {
        "tr": ("train", ["train.py", "trainer.py"]),
        "train.": ("train.py", ["train.py"]),
        "d": ("deep/", ["deep/"]),
        "deep/o": ("deep/one.py", ["deep/one.py"]),
        "other": ("other", []),
        ".h": (".hidden.py", [".hidden.py"]),
        f"{tmp_path}/deep/": (f"{tmp_path}/deep/", [f"{tmp_path}/deep/one.py", f"{tmp_path}/deep/two.py"]),
        "nowhere/": ("nowhere/", []),
    }
    for text, expected in cases.items():
        assert completed_path(text, (".py",)) == expected, text


@sizes
async def test_an_empty_home_shows_three_ways_to_begin_and_a_tour(home, size, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_script.py").write_text("print(1)\n")
    async with walking(home, size=size) as walk:
        for way in ("a template", "a script", "a sweep", "a tour of half a minute"):
            await walk.until(way)
        await walk.press("t")
        for page in range(len(PAGES)):
            await walk.until(f"{page + 1} of {len(PAGES)}")
            assert all(text.split()[-1] in walk.text for _, text in PAGES[page][1])
            await walk.press("enter")
        await walk.until("No study yet")
        await walk.press("n", *"script", "enter")
        await walk.until("A study file for")
        await walk.press(*"my_", "tab")
        assert walk.app.screen.query_one(Input).value == "my_script.py"


async def test_a_study_that_comes_later_is_opened_with_one_key(home):
    """The table that takes the place of the ways to begin has the focus, also when a snapshot comes before its turn."""
    async with walking(home) as walk:
        await walk.until("No study yet")
        sd = make(home)
        await walk.until("made by hand")
        table = walk.app.screen.query_one("#studies")
        await walk.until(lambda: walk.app.focused is table)
        table.post_message(TableWidget.Moved(table, None))
        await walk.press("enter")
        await walk.until(lambda: isinstance(walk.app.screen, StudyScreen))
        assert walk.app.screen.sd == sd
