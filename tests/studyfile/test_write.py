"""Edits of the space written back: the edited entry changes, and not one byte beside it."""

import os
import stat
import subprocess
import sys

import pytest

from hptui.core.errors import MachineError, StudyError
from hptui.core.space import parse_parameter
from hptui.studyfile import read_file, read_text, write_space

FILE = """\
# A study that someone wrote with care.
name   = "careful"    # its name

[objective]
metric = 'eval_loss'

[trainer]
kind = "mine:train"
lr   = 2e-4           # hand-picked
seed = 0x2A

[space]               # what is searched
# the rank first
rank    = { choices = [8, 16,   32] }      # capacity
alpha   = { expr = "2 * rank" }
lr      = { low = 1e-5, high = 5e-4, log = true, note = "speed" }   # the one that matters

short   = "1e-5..1e-4 log"                 # in words
warmup  = {low=0,high=200,int=true,when="rank > 8"}

[space.decay]         # a table of its own
low  = 0.0            # none
high = 0.1

[search]
trials = 20
constraints = [
  "rank <= 32",       # memory
]
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "careful.toml"
    file.write_text(FILE)
    return file


EDITS = {
    "two bounds": (
        {"lr": "1e-6..1e-3 log"},
        [("low = 1e-5, high = 5e-4, log = true, note", "low = 1e-6, high = 1e-3, log = true, note")],
    ),
    "one bound": ({"lr": "1e-5..1e-3 log"}, [("high = 5e-4", "high = 1e-3")]),
    "nothing": ({"lr": "1e-5..5e-4 log"}, []),
    "no longer log": (
        {"lr": "1e-5..5e-4"},
        [("{ low = 1e-5, high = 5e-4, log = true, note", "{ low = 1e-5, high = 5e-4, note")],
    ),
    "choices instead": (
        {"lr": "{1e-5, 1e-4}"},
        [('{ low = 1e-5, high = 5e-4, log = true, note = "speed" }', '{ choices = [1e-5, 1e-4], note = "speed" }')],
    ),
    "other choices": ({"rank": "{8, 64}"}, [("[8, 16,   32]", "[8, 64]")]),
    "a step": (
        {"warmup": "0..300 int step 50"},
        [
            (
                '{low=0,high=200,int=true,when="rank > 8"}',
                '{ low = 0, high = 300, int = true, step = 50, when = "rank > 8" }',
            )
        ],
    ),
    "int stays": ({"warmup": "0..100"}, [("high=200", "high=100")]),
    "words": ({"short": "1e-5..1e-3 log"}, [('"1e-5..1e-4 log"  ', '"1e-5..1e-3 log"  ')]),
    "floats stay floats in words": ({"short": "1..10"}, [('"1e-5..1e-4 log"  ', '"1..10 float"  ')]),
    "a table": ({"decay": "0..0.5"}, [("high = 0.1", "high = 0.5")]),
    "floats stay floats in a table": ({"decay": "0..1"}, [("high = 0.1", "high = 1.0")]),
    "a table gains log": (
        {"decay": "1e-3..0.1 log"},
        [
            ("low  = 0.0            # none", "low  = 1e-3            # none"),
            ("high = 0.1\n", "high = 0.1\nlog = true\n"),
        ],
    ),
    "expr to range": ({"alpha": "8..64"}, [('{ expr = "2 * rank" }', "{ low = 8, high = 64 }")]),
    "out": ({"short": None}, [('short   = "1e-5..1e-4 log"                 # in words\n', "")]),
    "out with its table": ({"decay": None}, [(FILE[FILE.index("[space.decay]") : FILE.index("[search]")], "")]),
    "in": (
        {"dropout": "0..0.5"},
        [('when="rank > 8"}\n', 'when="rank > 8"}\ndropout = { low = 0.0, high = 0.5 }\n')],
    ),
    "several": (
        {"lr": "1e-5..1e-3 log", "rank": "{8}", "short": None},
        [
            ("high = 5e-4", "high = 1e-3"),
            ("[8, 16,   32]", "[8]"),
            ('short   = "1e-5..1e-4 log"                 # in words\n', ""),
        ],
    ),
}


@pytest.mark.parametrize("case", EDITS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_edit_changes_its_entry_and_not_a_byte_beside_it(path, case, ending):
    edits, replacements = EDITS[case]
    path.write_bytes(FILE.replace("\n", ending).encode())
    write_space(path, edits)
    expected = FILE
    for old, new in replacements:
        assert expected.count(old) == 1
        expected = expected.replace(old, new)
    assert path.read_bytes().decode() == expected.replace("\n", ending)


@pytest.mark.parametrize("case", EDITS)
def test_what_was_written_is_what_was_meant(path, case):
    edits, _ = EDITS[case]
    write_space(path, edits)
    space = read_file(path).space
    for name, short in edits.items():
        found = space.get(name)
        if short is None:
            assert found is None
        else:
            wanted = parse_parameter(name, short)
            for field in ("low", "high", "log", "step", "choices"):
                assert getattr(found, field, None) == getattr(wanted, field, None)


def test_a_file_without_a_space_gets_one(tmp_path):
    path = tmp_path / "a.toml"
    before = 'name = "a"\n\n[trainer]\nkind = "mine:train"\n'
    path.write_text(before)
    write_space(path, {"lr": "1e-5..1e-4 log"})
    assert path.read_text().startswith(before)
    assert "lr = { low = 1e-5, high = 1e-4, log = true }" in path.read_text()


def test_a_space_in_words_grows_in_words(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[space]\na = "1..8"\n')
    write_space(path, {"b": "{1, 2}"})
    assert path.read_text() == '[space]\na = "1..8"\nb = "{1, 2}"\n'


@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        ("[space]\nlr.low = 1 # one\nlr.high = 5\n", {"lr": "1..9"}, "[space]\nlr.low = 1 # one\nlr.high = 9\n"),
        ("space.lr = '1..5'\n[search]\n", {"lr": "1..9"}, 'space.lr = "1..9"\n[search]\n'),
        ("[space.a]\nlow = 1\nhigh = 2\n[search]\n[space.b]\nlow = 1\nhigh = 2\n", {"b": "1..3"},
         "[space.a]\nlow = 1\nhigh = 2\n[search]\n[space.b]\nlow = 1\nhigh = 3\n"),
        ('[space]\n"strange key" = "1..2"\n', {"strange key": "1..3"}, '[space]\n"strange key" = "1..3"\n'),
        ("\ufeff[space]\na = '1..2'\n", {"a": "1..3"}, '\ufeff[space]\na = "1..3"\n'),
        ("[space]\na = '1..2'", {"a": None}, "[space]\n"),
    ],
)  # fmt: skip
def test_other_ways_to_write_a_table(tmp_path, before, edits, after):
    path = tmp_path / "a.toml"
    path.write_bytes(before.encode())
    write_space(path, edits)
    assert path.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"rnak": None}, ["space.rnak: is not in the file", "did you mean 'rank'?"]),
        ({"lr": "1e-3..1e-4"}, ["space.lr", "low < high must hold"]),
        ({"lr": "slow to fast"}, ["space.lr", "'slow to fast' is neither a range"]),
        ({"rank": "{8, 16}", "lr": "0..1 log"}, ["space.lr", "log = true needs low > 0"]),
    ],
)
def test_a_bad_edit_leaves_the_file_alone(path, edits, said):
    with pytest.raises(StudyError) as caught:
        write_space(path, edits)
    assert caught.value.file == str(path)
    assert [part for part in said if part not in str(caught.value)] == [], str(caught.value)
    assert path.read_text() == FILE
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_is_no_toml_is_left_alone(path):
    path.write_text("[space\n")
    with pytest.raises(StudyError, match="is not TOML"):
        write_space(path, {"lr": "1..2"})
    assert path.read_text() == "[space\n"


def test_mode_and_symlink_stay(path):
    path.chmod(0o640)
    link = path.parent / "link.toml"
    link.symlink_to(path.name)
    write_space(link, {"rank": "{8}"})
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "choices = [8]" in path.read_text()


def test_an_unchanged_file_is_not_written(path):
    before = path.stat()
    write_space(path, {"lr": "1e-5..5e-4 log"})
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_full_disk_leaves_the_file_and_no_litter(path):
    """A file-size limit stands in for the disk: the write fails half-way, as it does there."""
    code = (
        "import resource, signal, sys; from hptui.core.errors import MachineError;"
        "from hptui.studyfile import write_space; import tomlkit;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n    write_space(sys.argv[1], {'rank': '{8}'})\n"
        "except MachineError as error:\n    print(error)"
    )
    run = [sys.executable, "-B", "-c", code, str(path)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{path}: cannot be written: ")
    assert path.read_text() == FILE
    assert os.listdir(path.parent) == [path.name]


def test_an_edit_that_would_change_something_else_is_refused(path, monkeypatch):
    """The check that what comes out is what was meant is not decoration: a writer with a bug is caught by it."""
    import tomlkit

    true = tomlkit.dumps
    monkeypatch.setattr(tomlkit, "dumps", lambda document: true(document).replace("trials = 20", "trials = 21"))
    with pytest.raises(MachineError, match="something else"):
        write_space(path, {"rank": "{8}"})
    assert path.read_text() == FILE


def test_the_file_is_still_a_study(path):
    write_space(path, {"decay": None, "short": None, "rank": "{8, 16}"})
    assert read_text(path.read_text()).space.names == ("rank", "lr", "warmup")
