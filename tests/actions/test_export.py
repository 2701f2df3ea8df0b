"""Exports come back as what went in, whoever reads them, and carry nothing that a reader would run."""

import csv
import io
import json
import shlex
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import replace

import optuna
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hptui.actions import formats
from hptui.actions.archive import archive
from hptui.actions.export import export
from hptui.model.errors import MachineError, UserError
from hptui.results.view import look
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from tests.actions.made import EVIL, TRIALS, make, trial

BEST = {"learning_rate": 4e-3, "width": 32, "steps": 10}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
CONFIGS = st.dictionaries(st.text(min_size=1, max_size=10), VALUES, max_size=5)


@given(CONFIGS)
def test_yaml_comes_back(config):
    assert yaml.safe_load(formats.yaml_text(config) or "{}") == config


@given(st.lists(CONFIGS, min_size=1, max_size=3))
def test_yaml_lists_come_back(configs):
    assert yaml.safe_load(formats.yaml_text(configs)) == configs


@given(CONFIGS)
def test_python_comes_back(config):
    space = {}
    exec(formats.python_text(config, "config"), space)
    assert space["config"] == config


@given(st.dictionaries(st.text(min_size=1, max_size=10), SCALARS.filter(lambda value: value is not None)))
def test_toml_comes_back(config):
    assert tomllib.loads(formats.toml_text(config)) == config


@given(st.lists(st.text(max_size=30), max_size=3))
def test_comments_stay_comments(lines):
    text = formats.comment(lines)
    assert tomllib.loads(text) == {}
    assert yaml.safe_load(text) is None
    assert all(line.startswith("# ") for line in text.split("\n")[:-1])


@pytest.mark.parametrize("number", [1e-5, 7.98e-6, 1e16, 0.1, -3.0, 1e300, float("inf")])
def test_numbers_are_numbers_to_yaml_1_1(number):
    assert yaml.safe_load(formats.yaml_text({"x": number})) == {"x": number}


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "null", "~", "1e5", "0x10", "12:30", "2026-01-01", "", " a", "a: b"]
)
def test_texts_are_texts_to_yaml_1_1(word):
    assert yaml.safe_load(formats.yaml_text({"x": word, word: 1})) == {"x": word, word: 1}


def test_the_best_configuration_in_every_format(home):
    sd = make(home)
    assert yaml.safe_load(export(sd, "best", "yaml")) == BEST
    assert tomllib.loads(export(sd, "best", "toml")) == BEST
    assert json.loads(export(sd, "best", "json")) == BEST
    assert shlex.split(export(sd, "3", "flags")) == ["--learning_rate=0.004", "--width=32", "--steps=10"]
    assert shlex.split(export(sd, "winner", "flags", hyphens=True))[0] == "--learning-rate=0.004"
    assert list(csv.DictReader(io.StringIO(export(sd, "best", "csv")))) == [{k: str(v) for k, v in BEST.items()}]
    space = {}
    exec(export(sd, "best", "python"), space)
    assert space["config"] == BEST
    assert json.loads(export(sd, "best", "json", changed_only=True)) == {"learning_rate": 4e-3, "width": 32}


def test_a_file_says_where_it_is_from(home):
    head = export(make(home), "best", "yaml").splitlines()[:3]
    assert head[:2] == ["# made, trial 3 (winner)", "# loss = 0.5621 (minimize)"]
    assert head[2].startswith("# exported by hptui ")


def test_lists_and_texts_as_flags():
    config = {"lr_steps": [100, 200], "name": "a b; rm -rf $HOME", "flag": True, "none": None}
    assert shlex.split(formats.flags_text(config)) == ["--lr_steps=100,200", "--name=a b; rm -rf $HOME", "--flag=true"]


def test_all_trials(home):
    sd = make(home)
    trials = json.loads(export(sd, "all", "json"))
    assert [one["number"] for one in trials] == list(range(8))
    assert yaml.safe_load(export(sd, "all", "yaml"))[3]["values"] == {"loss": 0.5621}
    assert len(export(sd, "all", "flags").splitlines()) == 8
    listed = tomllib.loads(export(sd, "all", "toml"))["trial"]
    assert listed[3] == {"name": "winner", "set": {"learning_rate": 4e-3, "width": 32}}
    space = {"nan": None}
    exec(export(sd, "all", "python"), space)
    assert space["trials"][6]["nonfinite"] == {"loss": "nan"}


def test_a_table_runs_nothing_in_a_spreadsheet(home):
    formula = '=HYPERLINK("http://x","y")'
    rows = list(
        csv.reader(io.StringIO(export(make(home, [trial(0, "complete", loss=1.0, note=formula)]), "all", "csv")))
    )
    assert f"'{formula}" in rows[1]
    assert "-0.5" in formats.csv_text([{"x": -0.5}])
    assert "'-x" in formats.csv_text([{"x": "-x"}])


@pytest.mark.parametrize("how", ["yaml", "json", "toml", "python"])
def test_evil_texts_are_escaped_and_come_back(home, how):
    text = export(make(home, [replace(TRIALS[6], number=0, reason=None)]), "all", how)
    assert not any(character in text for character in "\x1b\x07\x9b\u202e")
    if how == "json":
        assert json.loads(text)[0]["note"] == EVIL


def test_files_are_written_whole(home, tmp_path):
    sd = make(home)
    target = tmp_path / "deep" / "best.json"
    assert export(sd, "best", "json", output=target) is None
    assert json.loads(target.read_text()) == BEST
    assert [path.name for path in target.parent.iterdir()] == ["best.json"]
    with pytest.raises(MachineError, match="cannot be written"):
        export(sd, "best", "json", output=tmp_path / "deep")


def test_a_link_is_replaced_not_followed(home, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "out.json").symlink_to(precious)
    export(make(home), "best", "json", output=tmp_path / "out.json")
    assert precious.read_text() == "precious"


def test_an_optuna_storage(home, tmp_path):
    sd, target = make(home), tmp_path / "optuna.db"
    export(sd, "all", "optuna", output=target)
    study = optuna.load_study(study_name="made", storage=f"sqlite:///{target}")
    assert [one.user_attrs["hptui_number"] for one in study.trials] == [0, 1, 2, 3, 4, 5, 6]
    assert study.best_trial.params == {"learning_rate": 4e-3, "width": 32}
    assert study.trials[0].params == {"learning_rate": 2e-4, "width": 16}
    assert [one.state.name for one in study.trials[4:]] == ["FAIL", "PRUNED", "FAIL"]
    assert study.trials[1].intermediate_values == {1: 1.0, 2: 0.5, 3: 1 / 3}
    study._storage.remove_session()
    study._storage._backend.engine.dispose()
    with pytest.raises(UserError, match="exists already"):
        export(sd, "all", "optuna", output=target)
    with pytest.raises(UserError, match="say where"):
        export(sd, "best", "optuna")


def test_values_outside_an_edited_space_are_no_obstacle(home, tmp_path):
    odd = trial(1, "complete", loss=1.0, params={"learning_rate": 0.9, "width": 48})
    none = trial(2, "complete", loss=1.0, params={"learning_rate": "auto"})
    export(make(home, [TRIALS[0], odd, none]), "all", "optuna", output=tmp_path / "o.db")
    assert (tmp_path / "o.db").exists()


def test_a_study_is_archived_whole(home, tmp_path):
    sd = make(home)
    checkpoint = sd.checkpoints(3) / "step-00000001"
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_bytes(b"w" * 100)
    (sd.root / "link").symlink_to("/etc/passwd")
    target = tmp_path / "made.tar.gz"
    count = archive(sd, target)
    assert target.stat().st_mode & 0o077 == 0
    with tarfile.open(target) as tar:
        names = tar.getnames()
        tar.extractall(tmp_path / "elsewhere", filter="data")
    assert len(names) == count
    assert {name.split("/")[0] for name in names} == {"made"}
    assert not [name for name in names if name.endswith(("link", "lock", "-wal", "-shm"))]
    assert "made/trials/0003/checkpoints/step-00000001/weights" in names
    with Reader(StudyDir(tmp_path / "elsewhere" / "made")) as reader:
        assert [one.number for one in reader.trials()] == list(range(8))
    archive(sd, target, checkpoints=False)
    with tarfile.open(target) as tar:
        assert not [name for name in tar.getnames() if "checkpoints" in name]


def test_a_study_is_not_archived_into_itself(home):
    sd = make(home)
    with pytest.raises(UserError, match="lies inside the study"):
        archive(sd, sd.root / "a.tar.gz")


def test_an_archive_of_a_log_that_grows_is_sound(home, tmp_path):
    sd = make(home)
    program = "import sys\nwith open(sys.argv[1], 'ab') as f:\n  while True: f.write(b'x' * 1000); f.flush()"
    log = sd.attempt(1, 1) / "log.txt"
    writer = subprocess.Popen([sys.executable, "-c", program, str(log)])
    try:
        archive(sd, tmp_path / "a.tar.gz")
    finally:
        writer.kill()
        writer.wait()
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        for member in tar:
            tar.extractfile(member).read()


def test_the_view_is_of_one_moment(home):
    view = look(make(home))
    assert view.best.number == 3
    assert view.baseline.number == 0
