"""The screens as a person sees them, at two sizes, on a study that was written straight into a store."""

import os
import shutil
import sqlite3
import threading

import pytest
from textual.widgets import Checkbox, OptionList

from hptui.core.trial import StudyState, TrialStatus
from hptui.store.reader import StoreReader
from hptui.store.records import SCHEMA_VERSION
from hptui.store.store import Store
from hptui.trainers import checkpoints
from hptui.tui.keys import keys_of_scope
from hptui.tui.screens.dialogs import ConfirmDialog
from hptui.tui.screens.study import StudyScreen
from hptui.tui.screens.trial import TrialScreen
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.studies import StudiesSource
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.trials import TrialTable
from tests.operations.made import EVIL, make
from tests.tui.walk import SIZES, walking

pytestmark = pytest.mark.process

sizes = pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])


def status(sd, number):
    with StoreReader.open(sd) as reader:
        return reader.trial(number).status


@sizes
async def test_studies(home, size):
    make(home)
    async with walking(home, size=size) as walk:
        await walk.until("made by hand")
        lines = walk.text.splitlines()
        assert lines[0].startswith(" hptui")
        assert "1 study" in lines[0]
        row = next(line for line in lines if "made" in line and "done" in line)
        assert "7/8" in row
        assert "#3 0.5621" in row
        assert "? Help" in lines[-1]
        assert "q Quit" in lines[-1]


@sizes
async def test_an_empty_home_says_what_to_do(home, size):
    async with walking(home, size=size) as walk:
        await walk.until("No study yet")
        await walk.press("enter", "r", "p", "X", "j", "G", "y")
        assert "No study yet" in walk.text


@sizes
async def test_a_study(home, size):
    sd = make(home)
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        lines = walk.text.splitlines()
        assert "made" in lines[0]
        assert "pseudo-loss" in lines[0] or size[0] < 120
        rows = [line for line in lines if "│" in line]
        best = next(line for line in rows if "★3" in line)
        assert "0.5621" in best
        assert "✓" in best
        oom = next(line for line in rows if " 4 " in line and "✕" in line)
        assert "oom" in oom
        pruned = next(line for line in rows if " 5 " in line and "▽" in line)
        assert "(0.3333)" in pruned, "what a pruned trial showed stands in brackets"


async def test_trials_without_a_value_never_show_a_number_as_one(home):
    sd = make(home)
    async with walking(home, size=(160, 40), study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        names = [column.name for column in table.rows.columns]
        for index in range(len(table.rows)):
            trial = table.trials.all[index]
            cell = table.rows.cells(index)[names.index("loss")]
            if trial.status is not TrialStatus.COMPLETE:
                assert not cell.text or not cell.text[0].isdigit()


async def test_sorting_by_any_column_keeps_the_cursor_on_its_trial(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        await walk.press("j", "j")
        number = table.number
        await walk.press("h", "s")
        assert table.trials.sorting()[0] == "number"
        assert [trial.number for trial in table.trials.all] == list(range(8))
        assert table.number == number
        await walk.press("S")
        assert [trial.number for trial in table.trials.all] == list(range(7, -1, -1))


@sizes
async def test_the_filter(home, size):
    sd = make(home)
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        await walk.press("slash", *"status=failed")
        await walk.until(lambda: len(table.rows) == 2)
        await walk.press("space", "!", "o", "o", "m", "enter")
        assert [trial.number for trial in table.trials.all] == [6]
        assert "1 of 8" in walk.text
        assert table.has_focus
        await walk.press("escape")
        assert len(table.rows) == 8
        assert isinstance(walk.app.screen, StudyScreen)


async def test_a_filter_that_cannot_be_meant_is_said(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("slash", *"colour=red")
        assert "there is no column 'colour'" in walk.text
        await walk.press("enter", "escape")
        assert len(walk.app.screen.query_one(TrialTable).rows) == 8


async def test_choosing_columns(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        await walk.press("f")
        await walk.until("Columns")
        await walk.press("space", "enter")
        assert "loss" not in [column.name for column in table.rows.columns]
        await walk.press("f")
        without_colours = walk.text
        await walk.press("space")
        assert walk.text != without_colours, "a tick is seen without colours"
        await walk.press("escape", "f", "u")
        assert "loss" in [column.name for column in table.rows.columns]


async def test_charts_show_marked_trials_and_answer_keys(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        screen = walk.app.screen
        chart = screen.query_one("#chart1", Chart)
        await walk.until(lambda: len(chart.plots) > 1)
        await walk.press("g", "space", "space")
        await walk.until(lambda: {plot.label for plot in chart.plots} == {"#3", "#1"})
        chart.focus()
        await walk.press("L")
        assert chart.log_y
        await walk.press("plus", "plus")
        assert chart.window is not None
        await walk.press("0", "a", "h", "h", "right_square_bracket", "o")
        assert chart.axis == "time"
        await walk.press("o")
        await walk.until("no metric tells tokens")
        await walk.press("o", "o", "m")
        assert chart.metric == "accuracy"


@sizes
async def test_a_trial(home, size):
    sd = make(home)
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("j", "enter")
        await walk.until("trial 1")
        assert isinstance(walk.app.screen, TrialScreen)
        await walk.until("good, as hoped")
        shown = walk.text
        assert "30" in shown, "the width that was really used"
        assert "best #3" in shown
        await walk.press("l")
        await walk.until("trial 2")
        await walk.press("escape")
        assert isinstance(walk.app.screen, StudyScreen)


@sizes
async def test_a_log_with_find_filter_and_follow(home, size):
    sd = make(home)
    log = sd.attempt(3, 1) / "log.txt"
    log.write_text("".join(f"step {n} loss {1 / n:.4f}\n" for n in range(1, 501)) + "Error: the end\n")
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("t")
        await walk.until("501 lines")
        assert "the end" in walk.text
        assert "following" in walk.text
        with log.open("a") as file:
            file.write("one more\n")
        await walk.until("one more")
        await walk.press("slash", *"step 42 ", "enter")
        assert "step 42 loss" in walk.text
        assert "following" not in walk.text.splitlines()[0]
        await walk.press("ampersand", *"Error", "enter")
        await walk.until("filter Error: 1")
        await walk.press("escape", "G")
        await walk.until("following")


@sizes
async def test_long_lines_of_a_log_wrap(home, size):
    sd = make(home)
    (sd.attempt(3, 1) / "log.txt").write_text("".join(f"line {n} " + "x" * 300 + f" end{n}\n" for n in range(60)))
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("t")
        await walk.until("line 59")
        assert "end59" not in walk.text
        await walk.press("w")
        await walk.until("end59")
        await walk.press("g")
        await walk.until("end0")
        for _ in range(12):
            await walk.press("j")
        await walk.until("end12")
        assert "line 0 " not in walk.text
        await walk.press("w", "G")
        await walk.until(lambda: "line 59" in walk.text and "end59" not in walk.text)


async def test_steering_is_done_and_answered(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        assert table.go_to(4)
        await walk.press("T")
        await walk.until("trial 4 will run again")
        assert status(sd, 4) is TrialStatus.WAITING
        await walk.press("x")
        await walk.until("Stop trial 4 of made?")
        await walk.press("enter")
        assert status(sd, 4) is TrialStatus.WAITING, "No is in front"
        await walk.press("x", "y")
        await walk.until("stopping trial 4")
        assert status(sd, 4) is TrialStatus.STOPPED
        await walk.press("N", *" lost", "enter")
        await walk.until("noted on trial 4")
        with StoreReader.open(sd) as reader:
            assert reader.trial(4).note.strip() == "lost"
        table.go_to(7)
        await walk.press("i")
        await walk.until(lambda: status(sd, 7) is TrialStatus.PAUSED)
        await walk.press("A", "ctrl+u", *"12", "enter")
        await walk.until("12")


async def test_a_clone_with_a_change_is_queued(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("g", "C")
        await walk.until("Clone trial 3")
        await walk.press("ctrl+u", *"0.05", "ctrl+s")
        await walk.until("trial 8 is queued")
        with StoreReader.open(sd) as reader:
            new = reader.trial(8)
        assert new.params == {"learning_rate": 0.05, "width": 32}
        assert new.role == "manual"
        await walk.press("C")
        await walk.press("ctrl+u", *"fast", "ctrl+s")
        await walk.until("learning_rate")


async def test_a_clone_may_go_on_from_a_checkpoint(home):
    sd = make(home)
    checkpoints.write(sd.checkpoints(3), 3, lambda folder: (folder / "state.json").write_text('{"step": 3}'))
    with Store.open(sd) as store:
        store.add_checkpoint(3, 3, 1, "checkpoints/step-00000003", 12)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("g", "C")
        await walk.until("go on from its checkpoint at step 3")
        walk.app.screen.query_one(Checkbox).value = True
        await walk.press("ctrl+s")
        await walk.until("trial 8 is queued: trial 3 continued at step 3")
        with StoreReader.open(sd) as reader:
            assert reader.trial(8).continued_from == (3, 3)


async def test_an_error_of_a_verb_is_said(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        walk.app.screen.query_one(TrialTable).go_to(3)
        await walk.press("T")
        await walk.until("only failed, pruned or stopped trials can be retried")


async def test_readonly_hides_what_changes_something_and_its_keys_say_so(home):
    sd = make(home)
    async with walking(home, study=sd, readonly=True) as walk:
        await walk.until("★3")
        assert "Pause" not in walk.text
        assert "Clone" not in walk.text
        walk.app.screen.query_one(TrialTable).go_to(4)
        for key in (key for scope in ("study", "trials") for key in keys_of_scope(scope) if key.changes):
            walk.app.say("")
            await walk.press(key.keys.split(",")[0])
            assert isinstance(walk.app.screen, StudyScreen), key.id
            assert "read only" in walk.text.splitlines()[-2], key.id
        assert status(sd, 4) is TrialStatus.FAILED


@sizes
async def test_help_names_the_keys_of_the_pane(home, size):
    sd = make(home)
    async with walking(home, size=size, study=sd) as walk:
        await walk.until("★3")
        await walk.press("question_mark")
        await walk.until("Help · trials")
        await walk.press(*"retry")
        assert "run a failed or stopped trial again" in walk.text
        assert "hptui retry" in walk.text
        await walk.press("escape")
        assert isinstance(walk.app.screen, StudyScreen)


async def test_the_palette_finds_and_runs(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        table = walk.app.screen.query_one(TrialTable)
        await walk.press("j", "j", "colon", *"go to the best")
        await walk.until("go to the best trial")
        await walk.until(lambda: walk.app.screen.query_one(OptionList).highlighted == 0)
        await walk.press("enter", "enter")
        await walk.until(lambda: table.number == 3)


@pytest.mark.parametrize("theme", ["dark", "light", "safe", "ansi", "ansi-light", "nord"])
async def test_every_theme_can_be_used(home, theme):
    sd = make(home)
    async with walking(home, study=sd, theme=theme) as walk:
        await walk.until("★3")
        await walk.press("x", "escape", "question_mark")
        await walk.until("Help ·")
        assert walk.app.theme == theme


async def test_a_theme_that_is_none_is_said(home):
    make(home)
    async with walking(home, theme="drak") as walk:
        await walk.until("there is no theme 'drak'")
        assert walk.app.theme == "dark"


async def test_plain_characters_only(home):
    sd = make(home)
    async with walking(home, study=sd, charts="ascii", theme="ansi") as walk:
        await walk.until("*3")
        await walk.until(lambda: walk.app.screen.query_one("#chart1", Chart).plots)
        await walk.settled()
        assert not {sign for sign in walk.text if ord(sign) > 127} - set("·–…→"), walk.text


async def test_remapped_keys(home):
    make(home)
    async with walking(home, keys={"app.help": "H", "no.key": "x"}) as walk:
        await walk.until("there is no key 'no.key'")
        await walk.press("H")
        await walk.until("Help ·")


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (60, 16), (300, 80)], ids=str)
async def test_no_size_breaks_it(home, size):
    sd = make(home, state=StudyState.PAUSED, message="gave up: " + EVIL)
    async with walking(home, size=size) as walk:
        await walk.settled()
        await walk.press("j", "enter")
        await walk.settled()
        await walk.press("v", "v", "v", "v", "j", "space", "enter")
        await walk.settled()
        await walk.press("question_mark", "escape", "t")
        await walk.pilot.resize_terminal(20, 5)
        await walk.pilot.resize_terminal(120, 36)
        await walk.press("escape", "escape")
        await walk.pilot.resize_terminal(*size)
        await walk.pilot.pause()
    assert sd.exists()


@sizes
async def test_hostile_text_is_harmless_everywhere(home, size):
    long = "x" * 1_000_000
    text = 'about = "made by hand"'
    sd = make(home, text=_file().replace(text, 'about = "a[red]b[/] [@click=app.bell]c"'))
    marks = "日本語" + "e\u0301" * 50
    (sd.attempt(6, 1) / "log.txt").write_text(f"{EVIL}\n{long}\n[bold]x[/bold]\n\x1b[2J\x00\n{marks}\n")
    with Store.open(sd) as store:
        store.update_trial(3, note=EVIL, title="[@click=app.quit]quit[/]", message=long[:5000], name="évil" + EVIL[:3])
    async with walking(home, size=size) as walk:
        await walk.until("[red]b[/]")
        for keys in (["enter"], ["t"], ["escape", "enter"], ["question_mark", "escape"], ["l", "l", "l", "t"]):
            await walk.press(*keys)
            await walk.settled()
            shown = walk.text
            assert not any(ord(sign) < 32 and sign != "\n" for sign in shown)
            assert "\x9b" not in shown
            assert "\u202e" not in shown


def _file():
    from tests.operations.made import FILE

    return FILE


def _newer(sd):
    with sqlite3.connect(sd.db) as conn:
        conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 5}")


def _corrupt(sd):
    data = bytearray(sd.db.read_bytes())
    data[100:4000] = os.urandom(3900)
    sd.db.write_bytes(data)


def _other(sd):
    sd.db.unlink()
    with sqlite3.connect(sd.db) as conn:
        conn.execute("CREATE TABLE t(x)")


@pytest.mark.parametrize(
    ("damage", "said"),
    [(_newer, "newer hptui"), (_corrupt, "damaged"), (_other, "not a store")],
    ids=["newer", "corrupt", "other"],
)
@sizes
async def test_a_store_that_cannot_be_read_is_told(home, size, damage, said):
    sd = make(home)
    damage(sd)
    async with walking(home, size=size) as walk:
        await walk.until(lambda: said.replace(" ", "") in walk.sentences)
        assert "unreadable" in walk.text
        await walk.press("enter")
        await walk.until("this study cannot be shown")
        await walk.press("escape")
        await walk.until("unreadable")


async def test_a_study_that_vanishes_is_told_and_the_screen_lives(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        shutil.move(sd.root, home.parent / "away")
        await walk.until("there is no study")
        await walk.press("j", "enter", "escape")
        shutil.move(home.parent / "away", sd.root)
        with Store.open(sd) as store:
            store.update_trial(2, note="back")
        await walk.until(lambda: walk.app.screen.view.trials[2].note == "back")


async def test_a_locked_store_is_waited_for(home, monkeypatch):
    sd = make(home)
    met, poll = threading.Event(), StudiesSource.poll
    monkeypatch.setattr(StudiesSource, "poll", lambda self, pool: [met.set(), poll(self, pool)][1])
    conn = sqlite3.connect(sd.db, isolation_level=None)
    conn.execute("PRAGMA locking_mode = EXCLUSIVE")
    conn.execute("BEGIN EXCLUSIVE")
    async with walking(home) as walk:
        await walk.until(met.is_set)
        conn.execute("ROLLBACK")
        conn.close()
        await walk.until("made by hand")


async def test_what_a_runner_writes_appears(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        with Store.open(sd) as store:
            store.update_trial(2, values={"loss": 0.1234})
        await walk.until("★2")
        assert "0.1234" in walk.text


async def test_nothing_is_drawn_when_nothing_has_changed(home, monkeypatch):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.until(lambda: walk.app.screen.query_one("#chart1", Chart).plots)
        await walk.settled()
        drawn = []
        from textual._compositor import Compositor

        original = Compositor.render_update

        def spy(self, *args, **more):
            drawn.append(1)
            return original(self, *args, **more)

        monkeypatch.setattr(Compositor, "render_update", spy)
        rounds, tick = [], ReaderPool.begin
        monkeypatch.setattr(ReaderPool, "begin", lambda self: [rounds.append(1), tick(self)][1])
        await walk.until(lambda: len(rounds) > 5)
        assert drawn == []


async def test_quitting_says_what_goes_on(home):
    import fcntl

    sd = make(home, state=StudyState.RUNNING)
    with sd.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        async with walking(home, study=sd) as walk:
            await walk.until("made")
            await walk.press("q", "q")
            await walk.pilot.pause()
        assert "made goes on without you" in walk.app.return_value


async def test_a_confirmation_can_be_answered_with_the_mouse(home):
    sd = make(home)
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        walk.app.screen.query_one(TrialTable).go_to(7)
        await walk.press("x")
        assert isinstance(walk.app.screen, ConfirmDialog)
        await walk.pilot.click("#yes")
        await walk.until(lambda: status(sd, 7) is TrialStatus.STOPPED)
