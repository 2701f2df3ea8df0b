"""Checkpoints are whole or not there."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hptui.trainers.checkpoints import (
    MANIFEST,
    find_damage,
    list_checkpoints,
    newest_valid,
    remove_leftovers,
    retain,
    write,
)


def content(text: str) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        (path / "deep").mkdir()
        (path / "model.bin").write_text(text)
        (path / "deep" / "more.bin").write_text(text * 2)

    return save


def newest(root: Path) -> tuple[int | None, list[str]]:
    said: list[str] = []
    found = newest_valid(root, said.append)
    return (found.step if found else None), said


def test_a_checkpoint_has_a_manifest_of_its_files(tmp_path: Path) -> None:
    made = write(tmp_path / "c", 7, content("abc"))
    assert made.path == tmp_path / "c" / "step-00000007"
    manifest = json.loads((made.path / MANIFEST).read_text())
    assert manifest["step"] == 7
    assert {name: facts["bytes"] for name, facts in manifest["files"].items()} == {"model.bin": 3, "deep/more.bin": 6}
    assert made.bytes == 9 + (made.path / MANIFEST).stat().st_size
    assert find_damage(made) == ""
    assert [entry.name for entry in (tmp_path / "c").iterdir()] == ["step-00000007"]


def test_none_is_found_where_none_is(tmp_path: Path) -> None:
    assert newest(tmp_path / "none") == (None, [])
    assert newest(tmp_path) == (None, [])


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (lambda path: os.truncate(path / "model.bin", 1), "model.bin has 1 bytes instead of 3"),
        (lambda path: (path / "model.bin").write_text("abd"), "model.bin has other content"),
        (lambda path: (path / "deep" / "more.bin").unlink(), "deep/more.bin is missing"),
        (lambda path: (path / MANIFEST).unlink(), "MANIFEST.json is missing or torn"),
        (lambda path: os.truncate(path / MANIFEST, 20), "MANIFEST.json is missing or torn"),
        (lambda path: shutil.rmtree(path / "deep"), "deep/more.bin is missing"),
    ],
)
def test_a_damaged_checkpoint_is_said_and_passed_over(
    tmp_path: Path, harm: Callable[[Path], object], what: str
) -> None:
    for step in (10, 20):
        write(tmp_path, step, content("abc"))
    harm(tmp_path / "step-00000020")
    step, said = newest(tmp_path)
    assert step == 10
    assert len(said) == 1
    assert what in said[0]
    assert "step-00000020" in said[0]


def test_the_newest_is_by_number_not_by_name(tmp_path: Path) -> None:
    for step in (99_999_999, 100_000_000, 5):
        write(tmp_path, step, content("abc"))
    assert [checkpoint.step for checkpoint in list_checkpoints(tmp_path)] == [100_000_000, 99_999_999, 5]


def test_a_failing_save_leaves_what_was_there(tmp_path: Path) -> None:
    write(tmp_path, 10, content("abc"))

    def broken(path: Path) -> None:
        (path / "model.bin").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write(tmp_path, 20, broken)
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000010"]
    assert newest(tmp_path) == (10, [])


def test_the_same_step_can_be_written_again(tmp_path: Path) -> None:
    write(tmp_path, 10, content("abc"))
    os.truncate(tmp_path / "step-00000010" / "model.bin", 0)
    write(tmp_path, 10, content("xyz"))
    assert newest(tmp_path) == (10, [])
    assert (tmp_path / "step-00000010" / "model.bin").read_text() == "xyz"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_replacement_that_never_came_gives_the_old_one_back(tmp_path: Path) -> None:
    write(tmp_path, 10, content("abc"))
    os.rename(tmp_path / "step-00000010", tmp_path / ".old-step-00000010")
    (tmp_path / ".tmp-00000010").mkdir()
    remove_leftovers(tmp_path)
    assert newest(tmp_path) == (10, [])
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000010"]


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        write(tmp_path, step, content("abc"))
    (tmp_path / ".tmp-00000009").mkdir()
    (tmp_path / "notes.txt").write_text("a user's own file")
    retain(tmp_path, 2)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["notes.txt", "step-00000003", "step-00000004"]
    retain(tmp_path, 0)
    assert [checkpoint.step for checkpoint in list_checkpoints(tmp_path)] == [4]


SAVER = """
import os, sys
from pathlib import Path
from hptui.trainers.checkpoints import write, retain
root, step = Path(sys.argv[1]), int(sys.argv[2])
def save(path):
    for number in range(4):
        (path / f"part{number}").write_bytes(bytes([step % 256]) * 200_000)
print("ready", flush=True)
while True:
    step += 1
    write(root, step, save)
    retain(root, 2)
    print(step, flush=True)
"""


def test_kills_in_the_middle_of_writing_never_cost_a_finished_checkpoint(tmp_path: Path) -> None:
    chance, promised, interrupted = random.Random(1), 0, 0
    for _ in range(25):
        command = [sys.executable, "-c", SAVER, str(tmp_path / "c"), str(promised)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.03))
            process.send_signal(signal.SIGKILL)
            told = [int(word) for word in process.stdout.read().split("\n")[:-1]]
        promised = max([promised, *told])
        interrupted += any((tmp_path / "c").glob(".*"))
        remove_leftovers(tmp_path / "c")
        found = newest_valid(tmp_path / "c", pytest.fail)
        assert (found.step if found else 0) >= promised
        if found:
            promised = found.step
            assert (found.path / "part3").read_bytes() == bytes([promised % 256]) * 200_000
    assert interrupted >= 5
