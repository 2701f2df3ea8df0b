"""`hptui docs`, as it prints in pipes and on a terminal."""

import json
import os
import pty
import re
import sys
import time
from pathlib import Path

import pytest

import hptui
from hptui.operations import docs
from tests.support import PATIENCE

PAGES = Path(hptui.__file__).parent / "docs"


def on_a_terminal(*words: str, **environment: str) -> str:
    """Run a program on a terminal of 80 columns: what it has printed."""
    pid, fd = pty.fork()
    if not pid:
        os.environ.update({"COLUMNS": "80", "TERM": "xterm-256color", "PYTHONUTF8": "1", **environment})
        os.execv(sys.executable, [sys.executable, "-m", "hptui", "docs", *words])
    printed, deadline = b"", time.monotonic() + 60 * PATIENCE
    while time.monotonic() < deadline:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        printed += piece
    os.close(fd)
    os.waitpid(pid, 0)
    return printed.decode()


def test_topics_are_listed(call):
    done = call("docs")
    assert done.code == 0
    assert [line.split("\t")[0] for line in done.out.splitlines()[:3]] == ["topic", "quickstart", "verbs"]
    listed = {entry["topic"] for entry in json.loads(call("docs", "--json").out)}
    assert listed == {path.stem for path in PAGES.glob("*.md")}


def test_a_page_is_printed_as_markdown_in_pipes(call):
    done = call("docs", "study-file")
    assert done.code == 0
    assert done.out.startswith("# The study file\n")
    assert "\x1b" not in done.out
    assert "<!--" not in done.out
    assert "](" not in done.out


def test_every_page_is_printed_as_it_is_written(call):
    """What an example calls a password is none, and must be read."""
    names = sorted(page.stem for page in PAGES.glob("*.md"))
    texts = {entry["topic"]: entry["text"] for entry in json.loads(call("docs", "--json", *names).out)}
    assert texts == {name: docs.page(name) for name in names}
    assert call("docs", *names).out == "".join(docs.page(name).rstrip("\n") + "\n" for name in names)
    assert "secrets=True" in texts["python"]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("study-file.hang_after", "silence of a trial"),
        ("study-file.on_end", "to run when the study rests"),
        ("study-file.search.until.hours", "hours of activity"),
        ("screens.study.pause", "save checkpoints and stop for now"),
        ("verbs.run", "Start the study FILE"),
        ("sft.lora_rank", "rank of the adapter's matrices"),
        ("search.pruners", "A pruner compares trials"),
        ("reliability.gpu_busy", "waits for a GPU"),
    ],
)
def test_the_part_about_a_key_is_printed(call, place, text):
    done = call("docs", place)
    assert done.code == 0
    assert text in done.out
    assert len(done.out) < 4000


def test_places_are_found_by_words_and_can_be_printed(call):
    done = call("docs", "--search", "resume", "checkpoint")
    assert done.code == 0
    places = [line.split("\t")[0] for line in done.out.splitlines()]
    assert "scripts.pausing" in places
    for place in places:
        assert call("docs", place).code == 0
    assert {entry["place"] for entry in json.loads(call("docs", "--json", "--search", "hang").out)} & {
        "study-file.resources",
        "executors.time",
    }


def test_words_that_are_nowhere_are_exit_code_1(call):
    done = call("docs", "--search", "zyzzyva")
    assert (done.code, done.out) == (1, "")
    assert "zyzzyva" in done.err


def test_paths_of_pages(call):
    assert call("docs", "--path").out == f"{PAGES}\n"
    assert call("docs", "sft", "--path").out == f"{PAGES / 'sft.md'}\n"


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("stdy-file", "did you mean 'study-file'?"),
        ("hang_after", "did you mean 'study-file.hang_after'?"),
        ("study-file.trails", "did you mean 'trials'?"),
    ],
)
def test_the_nearest_place_is_named(call, place, hint):
    done = call("docs", place)
    assert (done.code, done.out) == (2, "")
    assert hint in done.err


def test_a_terminal_gets_it_laid_out():
    printed = on_a_terminal("study-file.resources")
    assert "| ---" not in printed
    assert "hang_after" in printed
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    assert max(map(len, plain.splitlines())) <= 80
    assert printed != plain


def test_without_colour_and_without_unicode_it_is_plain():
    printed = on_a_terminal("study-file.hang_after", NO_COLOR="1", TERM="dumb")
    assert "\x1b[3" not in printed
    assert "hang_after" in printed
    printed = on_a_terminal("study-file.objective", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert printed.isascii()
    assert "- |" in printed


def test_pages_need_nothing_heavy(home):
    import subprocess

    program = "import sys; sys.argv = ['hptui', 'docs', 'sft']\ntry:\n    from hptui.cli.main import main; main()\n"
    program += (
        "except SystemExit: pass\nprint(sorted(n for n in ('rich', 'tomlkit', 'torch', 'sqlite3') if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
