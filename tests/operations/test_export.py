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

from hptui.core.errors import MachineError, UserError
from hptui.operations.export import archive, export
from hptui.operations.report import write_report
from hptui.results.export.formats import ExportRequest
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.trainers import registry
from tests.operations.made import EVIL, TRIALS, make, trial

BEST = {"learning_rate": 4e-3, "width": 32, "steps": 10}
"""What the study and the trial say; the rest are the trainer's defaults."""
WHOLE = {**{name: info.default for name, info in registry.schema("toy").items()}, **BEST}


def text(sd, ref, how, **more):
    return export(sd, ref, ExportRequest(how, **more))


def test_the_best_configuration_in_every_format(home):
    sd = make(home)
    assert yaml.safe_load(text(sd, "best", "yaml")) == WHOLE
    assert tomllib.loads(text(sd, "best", "toml")) == WHOLE
    assert json.loads(text(sd, "best", "json")) == WHOLE
    assert "--learning_rate=0.004" in shlex.split(text(sd, "3", "flags"))
    assert shlex.split(text(sd, "winner", "flags", hyphens=True))[0] == "--learning-rate=0.004"
    assert "LEARNING_RATE=0.004\n" in text(sd, "best", "env")
    [row] = csv.DictReader(io.StringIO(text(sd, "best", "csv")))
    assert {name: row[name] for name in BEST} == {name: str(value) for name, value in BEST.items()}
    space = {}
    exec(text(sd, "best", "python"), space)
    assert space["config"] == WHOLE
    assert json.loads(text(sd, "best", "json", changed_only=True)) == {"learning_rate": 4e-3, "width": 32}


def test_a_configuration_is_whole_and_its_numbers_keep_their_types(home):
    found = yaml.safe_load(text(make(home), "best", "yaml"))
    kinds = {name: (type(found[name]), type(value)) for name, value in WHOLE.items()}
    assert all(one is other for one, other in kinds.values()), kinds


def test_settings_get_the_names_of_the_program_that_reads_them(home):
    sd, names = make(home), {"learning_rate": "lr", "width": "hidden"}
    found = yaml.safe_load(text(sd, "best", "yaml", names=names))
    assert (found["lr"], found["hidden"]) == (4e-3, 32)
    assert not {"learning_rate", "width"} & found.keys()
    head = text(sd, "all", "csv", names=names).splitlines()[0].split(",")
    assert {"lr", "hidden"} <= set(head)
    assert json.loads(text(sd, "all", "json", names=names))[3]["params"] == {"lr": 4e-3, "hidden": 32}
    with pytest.raises(UserError, match="no setting 'learning_rat' to rename") as caught:
        text(sd, "best", "yaml", names={"learning_rat": "lr"})
    assert "learning_rate" in caught.value.hint
    with pytest.raises(UserError, match="two settings would be called 'width'"):
        text(sd, "best", "yaml", names={"learning_rate": "width"})


def test_what_was_really_used_is_said(home):
    assert "# width: 32 was asked for, 30 was used" in text(make(home), "1", "yaml")


def test_the_same_store_gives_the_same_bytes(home):
    sd = make(home)
    for how in ("yaml", "json", "toml", "csv", "python", "env", "sweep"):
        ref = "all" if how == "sweep" else "best"
        assert text(sd, ref, how) == text(sd, ref, how)


OWN = """
    name = "own"
    [objective]
    metric = "loss"
    [trainer]
    kind = "command"
    command = ["python", "train.py", "{width}"]
    names = { rate = "lr" }
    rate = 0.1
    width = 8
    ema = false
    amp = false
    layers = [1, 2]
    [space]
    rate = { low = 1e-5, high = 1e-1, log = true }
    amp = { choices = [true, false] }
"""


def test_flags_are_said_as_the_script_hears_them(home):
    home.mkdir(exist_ok=True)
    (home / "train.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--ema', action=argparse.BooleanOptionalAction, default=True)\n"
        "p.add_argument('--amp', action='store_true')\n"
        "p.add_argument('--lr', type=float)\np.add_argument('--layers', type=int, nargs='+')\n"
    )
    trials = [
        trial(0, "complete", "finished", 0.5, params={"rate": 1e-3, "amp": True}),
        trial(1, "complete", "finished", 0.7, params={"amp": False}),
    ]
    sd = make(home, trials, OWN)
    assert text(sd, "best", "flags") == "--lr=0.001 --no-ema --amp --layers 1 2\n"
    assert text(sd, "best", "flags", changed_only=True) == "--lr=0.001 --amp\n"
    assert text(sd, "1", "flags", names={"rate": "step_size"}, hyphens=True) == (
        "--step-size=0.1 --no-ema --layers 1 2\n"
    )
    assert text(sd, "1", "flags", names={"width": "w"}) == text(sd, "1", "flags"), "it has a place of its own"
    assert text(sd, "all", "flags").splitlines()[1] == "--lr=0.1 --no-ema --layers 1 2"
    for ref in ("all", "best"):
        with pytest.raises(UserError, match="no setting 'nope' to rename"):
            text(sd, ref, "flags", names={"nope": "x"})
    with pytest.raises(UserError, match="two settings would"):
        text(sd, "best", "flags", names={"rate": "ema"})
    write_report(sd, home / "own.md")
    report = (home / "own.md").read_text()
    assert "```toml\n[trainer]\n" in report
    assert "--lr" not in report, "which flags a script knows is its own affair"


def test_a_file_says_where_it_is_from(home):
    head = text(make(home), "best", "yaml").splitlines()[:3]
    assert head[:2] == ["# made, trial 3 (winner)", "# loss = 0.5621 (minimize)"]
    assert head[2].startswith("# exported by hptui ")


def test_all_trials(home):
    sd = make(home)
    trials = json.loads(text(sd, "all", "json"))
    assert [one["number"] for one in trials] == list(range(8))
    assert yaml.safe_load(text(sd, "all", "yaml"))[3]["values"] == {"loss": 0.5621}
    assert len(text(sd, "all", "flags").splitlines()) == 8
    listed = tomllib.loads(text(sd, "all", "toml"))["trial"]
    assert listed[3] == {"name": "winner", "set": {"learning_rate": 4e-3, "width": 32}}
    space = {"nan": None}
    exec(text(sd, "all", "python"), space)
    assert space["trials"][6]["nonfinite"] == {"loss": "nan"}


@pytest.mark.parametrize("how", ["yaml", "json", "toml", "python"])
def test_evil_texts_are_escaped_and_come_back(home, how):
    found = text(make(home, [replace(TRIALS[6], number=0, reason=None)]), "all", how)
    assert not any(character in found for character in "\x1b\x07\x9b\u202e")
    if how == "json":
        assert json.loads(found)[0]["note"] == EVIL


def test_files_are_written_whole(home, tmp_path):
    sd = make(home)
    target = tmp_path / "deep" / "best.json"
    assert text(sd, "best", "json", output=target) is None
    assert json.loads(target.read_text()) == WHOLE
    assert [path.name for path in target.parent.iterdir()] == ["best.json"]
    with pytest.raises(MachineError, match="cannot be written"):
        text(sd, "best", "json", output=tmp_path / "deep")


def test_a_link_is_replaced_not_followed(home, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "out.json").symlink_to(precious)
    text(make(home), "best", "json", output=tmp_path / "out.json")
    assert precious.read_text() == "precious"


def test_an_optuna_storage(home, tmp_path):
    sd, target = make(home), tmp_path / "optuna.db"
    text(sd, "all", "optuna", output=target)
    study = optuna.load_study(study_name="made", storage=f"sqlite:///{target}")
    assert [one.user_attrs["hptui_number"] for one in study.trials] == [0, 1, 2, 3, 4, 5, 6]
    assert study.best_trial.params == {"learning_rate": 4e-3, "width": 32}
    assert study.trials[0].params == {"learning_rate": 2e-4, "width": 16}
    assert [one.values for one in study.trials[:4]] == [[0.6097], [0.5834], [0.6523], [0.5621]]
    assert [one.value for one in study.trials[4:]] == [None, None, None]
    assert study.metric_names == ["loss"]
    assert study.direction.name == "MINIMIZE"
    assert [one.state.name for one in study.trials[4:]] == ["FAIL", "PRUNED", "FAIL"]
    assert study.trials[1].intermediate_values == {1: 1.0, 2: 0.5, 3: 1 / 3}
    assert study.user_attrs["hptui_study"] == "made"
    assert study.trials[4].user_attrs["reason"] == "oom"
    study._storage.remove_session()
    study._storage._backend.engine.dispose()
    with pytest.raises(UserError, match="exists already"):
        text(sd, "all", "optuna", output=target)
    with pytest.raises(UserError, match="say where"):
        text(sd, "best", "optuna")


def test_values_outside_an_edited_space_are_no_obstacle(home, tmp_path):
    odd = trial(1, "complete", loss=1.0, params={"learning_rate": 0.9, "width": 48})
    none = trial(2, "complete", loss=1.0, params={"learning_rate": "auto"})
    text(make(home, [TRIALS[0], odd, none]), "all", "optuna", output=tmp_path / "o.db")
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
    with StoreReader.open(StudyDir(tmp_path / "elsewhere" / "made")) as reader:
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
    view = read_view(make(home))
    assert view.best.number == 3
    assert view.baseline.number == 0
