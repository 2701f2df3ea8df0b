"""What reaches a terminal, seen from its side: what is drawn, how much of it, and how it is left."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import termios
import threading
import time

import pytest

from hptui.core.trial import StudyState
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from tests.operations.made import TRIALS, make, trial
from tests.support import PATIENCE
from tests.tui.terminal import HPTUI, Terminal, surroundings

MANY = [*TRIALS[:7], *(trial(n, "complete", "finished", 0.6 + n / 100) for n in range(7, 40))]
MANY += [trial(40, "running", ended=None, last_step=3, total_steps=4000)]


class Runner:
    """Writes to a study as its runner would: points, a log line, now and then a trial."""

    def __init__(self, sd, every):
        self.sd, self.every = sd, every
        self.ticks = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._over.set()
        self._thread.join()

    def _run(self):
        with self.sd.lock.open("w") as lock, Store.open(self.sd) as store:
            fcntl.flock(lock, fcntl.LOCK_EX)
            while not self._over.wait(self.every):
                self.ticks += 1
                step = 10 * self.ticks
                with store.transaction():
                    store.add_points(40, 1, [("loss", step, 0.6 + 1 / step, None, float(step))])
                    store.add_points(40, 1, [("train_loss", step, 0.5 + 2 / step, None, float(step))])
                    if self.ticks % 5 == 0:
                        store.update_trial(self.ticks % 7, note=f"seen at {step}")
                with (self.sd.attempt(40, 1) / "log.txt").open("a") as log:
                    log.write(f"step {step} loss {0.6 + 1 / step:.4f} tok/s 18.4k\n")


@pytest.fixture
def opened(tmp_path):
    """Opens hptui in a terminal on a study, and ends it in the end."""
    seats = []

    def open_(*words, size=(120, 36), state=StudyState.DONE, trials=TRIALS, env=None, rate=0.0):
        sd = make(tmp_path / "home", trials=trials, state=state)
        seats.append(Terminal([*HPTUI, "--home", str(sd.root.parent), *words], env or surroundings(), size, rate))
        return seats[-1], sd

    yield open_
    for seat in seats:
        seat.close()


def test_what_was_drawn_bit_by_bit_is_what_a_whole_drawing_shows(opened):
    seat, sd = opened("open", "made", "--refresh", "0.2", state=StudyState.RUNNING, trials=MANY)
    seat.until("★3")
    with Runner(sd, 0.2) as runner:
        for keys in ("jjj", " ", "lls", "G", "m", "+", "[", "gg", "S", "2", "L", "1"):
            for key in keys:
                seat.press(key)
        seat.until(lambda: runner.ticks > 10)
    seat.quiet()
    before = seat.cells()
    seat.screen.reset()
    seat.send(b"\x0c")
    seat.quiet()
    after = seat.cells()
    assert any(cell[0] == "★" for row in after for cell in row)
    assert [row for row in zip(before, after, strict=True) if row[0] != row[1]] == []


def test_bytes_when_nothing_happens_and_when_a_trial_runs(opened):
    seat, sd = opened("open", "made", state=StudyState.RUNNING, trials=MANY)
    seat.until("★3")
    with Runner(sd, 1.0) as runner:
        seat.until(lambda: runner.ticks > 1)
        first = runner.ticks
        count = 0
        while runner.ticks < first + 5:
            count += seat.read(0.1)
        assert 0 < count / (runner.ticks - first) < 8000, "bytes a tick"
        seat.press("O")
        seat.until("metrics   of trials")
        seat.until(lambda: runner.ticks > first + 8)
        seat.read(0.1)
        first, count = runner.ticks, 0
        while runner.ticks < first + 4:
            count += seat.read(0.1)
        assert 0 < count / (runner.ticks - first) < 8000, "bytes a tick of the grid"
    seat.quiet()
    assert seat.read(3.0) == 0
    for keys in (":", "/", "?", "M"):
        seat.press(*keys)
        seat.quiet(1.2)  # no cursor that waits for text blinks
        seat.press("escape")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_signal_leaves_the_terminal_as_it_was(opened, number):
    seat, _ = opened("open", "made")
    seat.until("★3")
    os.kill(seat.pid, number)
    assert seat.ended() == 0
    assert termios.tcgetattr(seat.slave) == seat.before
    left = bytes(seat.written)
    for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?1000h", b"\x1b[?1000l")):
        assert on in left
        assert left.rfind(off) > left.rfind(on), on


def test_a_closed_window_ends_it(opened):
    seat, _ = opened("open", "made")
    seat.until("★3")
    seat.hang_up()
    seat.ended()


def test_a_window_that_becomes_tiny_and_large_again(opened):
    seat, _ = opened("open", "made")
    seat.until("★3")
    for size in ((20, 5), (1, 1), (200, 60), (20, 5), (120, 36)):
        seat.resize(*size)
        seat.read(0.4)
        seat.press("j")
    seat.until("★3")
    seat.until("trials 8")
    seat.press("q", "q")
    assert seat.ended() == 0


def test_a_slow_line_gets_sixteen_colours_and_less(opened):
    seat, _ = opened("open", "made", "--slow")
    seat.until("★3")
    seat.quiet(2.5)
    assert b"\x1b[38;2;" not in seat.written
    assert b";38;2;" not in seat.written


def test_a_line_that_is_too_slow_shows_the_newest_and_answers_keys(opened):
    seat, sd = opened("open", "made", "--refresh", "0.1", state=StudyState.RUNNING, trials=MANY, rate=50_000)
    seat.until("★3")
    seat.rate = 4000
    with Runner(sd, 0.1) as runner:
        seat.until(lambda: runner.ticks > 60)  # what it would draw of them takes such a line half a minute
        for key in ("m", "]", "V"):
            seat.press(key)
        began = time.monotonic()
        seat.press("y")
        seat.until("copied")
        took = time.monotonic() - began
        assert took < 10 * PATIENCE, "a key is answered when everything that was drawn before has arrived"


def test_what_a_person_chose_in_the_environment_is_heeded(opened):
    seat, _ = opened("open", "made", env=surroundings(NO_COLOR="1", LANG="C", LC_ALL="C"))
    seat.until("*3")
    seat.quiet()
    assert not {sign for sign in seat.text if ord(sign) > 127} - set("·–…→")


@pytest.mark.parametrize("term", ["xterm-256color", "xterm"])
def test_no_colour_leaves_the_process_when_none_is_wanted(opened, term):
    env = surroundings(NO_COLOR="1", TERM=term, **({} if term == "xterm-256color" else {"COLORTERM": ""}))
    seat, _ = opened("open", "made", env=env)
    seat.until("★3")
    for key in ("j", "c", "escape", "e", "escape", "question_mark", "escape"):  # one by one: escape, e is also alt+e
        seat.press(key)
        seat.quiet(0.3)
    sequences = re.findall(rb"\x1b\[([0-9;]*)m", bytes(seat.written))
    assert sequences
    parameters = {int(number) for sequence in sequences for number in sequence.split(b";") if number}
    assert parameters <= {0, 1, 2, 3, 4, 7, 9, 21, 22, 23, 24, 27, 29, 39, 49}, "an attribute, or the default colours"
    seat.until(lambda: any(cell[4] for row in seat.cells() for cell in row))  # the row of the cursor is reversed


def click(seat, x, y):
    """Press and release the left button on a cell, counted from 0."""
    seat.send(f"\x1b[<0;{x + 1};{y + 1}M\x1b[<0;{x + 1};{y + 1}m".encode())
    seat.read(0.3)


def test_a_click_in_a_table_takes_the_row_under_the_mouse(opened):
    seat, _ = opened("open", "made", trials=MANY)
    seat.until("★3")
    seat.quiet()
    for line in (5, 9, 6):
        click(seat, 6, line)
        seat.quiet(0.5)
        assert seat.screen.display[line].startswith("│▌"), seat.text
        assert sum(row.startswith("│▌") for row in seat.screen.display) == 1
    lines = list(seat.screen.display)
    headings = next(y for y, line in enumerate(lines) if "trend" in line)
    click(seat, 2, headings - 1)
    seat.quiet(0.5)
    assert list(seat.screen.display) == lines, "the frame above does nothing"
    click(seat, lines[headings].index("#"), headings)
    seat.until(lambda: "by #" in seat.text or "by number" in seat.text)


def test_a_key_in_the_footer_is_clicked_whatever_size_another_program_has_exported(opened):
    seat, _ = opened("open", "made", trials=MANY, env=surroundings(LINES="24", COLUMNS="80"))
    seat.until(lambda: "Help" in seat.screen.display[-1])
    seat.quiet()
    click(seat, seat.screen.display[-1].index("Help"), seat.screen.lines - 1)
    seat.until("show only trials that a filter lets through")


def test_keys_that_come_in_a_bunch_go_where_each_leads(opened):
    seat, sd = opened("open", "made", state=StudyState.PAUSED, trials=MANY)
    seat.until("★3")
    seat.send(b"jNkill it\r")
    seat.until("noted on trial 3")
    with StoreReader.open(sd) as reader:
        assert reader.trial(3).note == "kill it"
        assert {trial.status for trial in reader.trials()} == {trial.status for trial in MANY}
    seat.send(b"/status=failed\r")
    seat.until("trials 2 of 41")


def test_the_terminal_is_given_away_and_drawn_anew(opened, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\nclear; echo "the pager has $(wc -l < "$1") lines"; read answer\n')
    pager.chmod(0o755)
    seat, _ = opened("open", "made", env=surroundings(PAGER=str(pager)))
    seat.until("★3")
    seat.press("t")
    seat.until("lines")
    seat.press("E")
    seat.until("the pager has 2 lines")
    seat.press("enter")
    seat.until("hello from 3")
    seat.quiet()
    before = seat.cells()
    seat.screen.reset()
    seat.send(b"\x0c")
    seat.quiet()
    assert seat.cells() == before
    assert "the pager has" not in seat.text


@pytest.mark.parametrize("keys", [b"qu?HeR", b"QHHd", b"u\x03?"], ids=str)
def test_keys_typed_ahead_of_leaving_do_nothing(opened, keys):
    seat, _ = opened("open", "made")
    seat.until("★3")
    seat.send(keys)
    assert seat.ended() == 0
    assert b"Traceback" not in seat.written
