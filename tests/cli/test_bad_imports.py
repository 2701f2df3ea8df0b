"""Files of experiments with bad cells: refused with row and column, by the dry run as by the import."""

import shutil
import sqlite3

import optuna
import pytest

from hptui.cli.main import _guarded
from hptui.store.reader import StoreReader
from tests.operations.made import TRIALS, make

OVERFLOW, DIGITS = "1e400", "9" * 400
NO_NUMBERS = ["nan", "inf", "-inf", OVERFLOW, DIGITS, "3%", "~3", "[1]", "\x1b]52;c;ZXZpbA==\x07", "NaN(0x1)", "0x10"]
BAD = {
    "learning_rate": NO_NUMBERS,
    "width": ["[1, NaN]", '{"a": 1e999}', "9223372036854775808"],
    "steps": [*NO_NUMBERS, "9223372036854775808"],
    "loss": [OVERFLOW, f"-{DIGITS}", "low", "0.5 0.6"],
    "value.accuracy": [OVERFLOW, "high"],
    "seconds": [*NO_NUMBERS, "-1"],
    "peak_memory_gb": [*NO_NUMBERS, "-0.5"],
    "started": ["yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31", "1e9"],
    "ended": ["nan", "2026-13-01"],
    "status": ["fine", "\x1b[31m"],
}
"""Cells that cannot be what their column is."""
GOOD = {
    "learning_rate": ["1e-3", "-", "", "+0.5"],
    "width": ["32", "64", "auto", '"x"', "[1, 2]"],
    "steps": ["10", "9007199254740993", "10.0"],
    "loss": ["nan", "inf", "-Infinity", "0.5", "–"],
    "value.accuracy": ["nan", "0.1"],
    "seconds": ["0", "12.5", "n/a"],
    "started": ["2026-01-31", "2026-01-31T12:00:00Z"],
    "status": ["complete", "FAILED", ""],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return make(tmp_path_factory.mktemp("imports") / "home", TRIALS[:2])


def count(study):
    with StoreReader.open(study) as reader:
        return len(reader.trials())


def ask(study, path, capfd, *words):
    """The exit code of an import, and what it says."""
    code = _guarded(["--home", str(study.root.parent), "import", str(path), "--into", study.name, *words])
    return code, "".join(capfd.readouterr())


def test_a_bad_cell_is_refused_with_row_and_column_by_dry_run_and_import(study, tmp_path, capfd):
    path, before = tmp_path / "earlier.csv", count(study)
    for column, cells in BAD.items():
        for cell in cells:
            columns = list(dict.fromkeys([column, "learning_rate", "loss"]))
            good = {"learning_rate": "1e-3", "loss": "0.5", column: ""}
            quoted = '"' + cell.replace('"', '""') + '"'
            rows = [columns, [good[name] for name in columns], [], [good | {column: quoted}][0].values()]
            rows[3] = [(good | {column: quoted})[name] for name in columns]
            path.write_text("".join(",".join(row) + "\n" for row in rows))
            said = []
            for words in (("--dry-run",), ()):
                code, text = ask(study, path, capfd, *words)
                assert code == 2, (column, cell[:20], text)
                assert "row 4" in text, (column, cell[:20], text)
                assert column in text, (column, cell[:20], text)
                assert "\x1b" not in text
                assert len(text) < 700
                said.append(text)
            assert said[0] == said[1]
    assert count(study) == before


def test_a_good_cell_is_recorded_as_the_dry_run_says(study, tmp_path, capfd):
    path, before = tmp_path / "good.csv", count(study)
    number = 0
    for column, cells in GOOD.items():
        for cell in cells:
            number += 1
            row = {"learning_rate": "1e-3", "loss": f"0.{number}", column: '"' + cell.replace('"', '""') + '"'}
            path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
            if cell == cells[0]:
                assert ask(study, path, capfd, "--dry-run")[0] == 0, (column, cell)
            assert ask(study, path, capfd)[0] == 0, (column, cell)
    assert count(study) == before + number
    for words in (["trials", study.name, "--json"], ["report", study.name], ["show", study.name, str(before + 5)]):
        assert _guarded(["--home", str(study.root.parent), *words]) == 0
        assert "bug in hptui" not in "".join(capfd.readouterr())
    with StoreReader.open(study) as reader:
        assert reader.trial(before + 10).params["steps"] == 9007199254740993, "exact beyond what a float holds"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """An Optuna study of three trials."""
    path = tmp_path_factory.mktemp("optuna") / "theirs.db"
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    target = optuna.create_study(storage=f"sqlite:///{path}", study_name="theirs", direction="minimize")

    def objective(trial):
        trial.report(0.7, 1)
        trial.suggest_categorical("width", [16, 32, 64])
        return 1.0 + trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True)

    target.optimize(objective, n_trials=3)
    return path


CHANGES = [
    ("trial_params", "distribution_json", "'{}'", "learning_rate"),
    ("trial_params", "distribution_json", "'nonsense'", "learning_rate"),
    ("trial_params", "distribution_json", "'[1'", "learning_rate"),
    (
        "trial_params",
        "distribution_json",
        """'{"name": "NewDistribution", "attributes": {}}'""",
        "learning_rate",
    ),
    (
        "trial_params",
        "distribution_json",
        """'{"name": "FloatDistribution", "attributes": {"low": 2}}'""",
        "",
    ),
    ("trial_params", "distribution_json", "''", "learning_rate"),
    ("trial_params", "param_value", "1e999", "learning_rate"),
    ("trial_params", "param_value", "NULL", ""),
    ("trial_params", "param_value", "17", "width"),
    ("trial_params", "param_value", "-1e300", "width"),
    ("trials", "state", "'ODD'", None),
    ("trials", "datetime_start", "'yesterday'", None),
    ("trial_values", "value_type", "'ODD'", None),
    ("trial_user_attributes", "value_json", "'{'", None),
]
"""What is broken: table, column, value, and the parameter that is named (None: none; '': any)."""


def test_a_broken_optuna_study_is_refused_with_trial_and_parameter(study, theirs, tmp_path, capfd):
    before = count(study)
    for table, column, value, parameter in CHANGES:
        path = tmp_path / "broken.db"
        shutil.copyfile(theirs, path)
        with sqlite3.connect(path) as connection:
            [row] = connection.execute("SELECT trial_id FROM trials WHERE number = 1")
            if table == "trial_user_attributes":
                connection.execute("INSERT INTO trial_user_attributes VALUES (9, ?, 'note', '\"x\"')", row)
            name = f" AND param_name = '{parameter}'" if parameter else ""
            connection.execute(f"UPDATE {table} SET {column} = {value} WHERE trial_id = {row[0]}{name}")
        connection.close()
        said = [ask(study, path, capfd, *words) for words in (("--dry-run",), ())]
        for code, text in said:
            assert code == 2, (column, value, text)
            assert "bug in hptui" not in text
            assert "Traceback" not in text
            if parameter is not None:
                assert "trial 1, parameter" in text, (value, text)
                assert parameter in text
        assert said[0] == said[1]
    assert count(study) == before


def test_a_sound_optuna_study_is_recorded(study, theirs, capfd):
    before = count(study)
    assert ask(study, theirs, capfd)[0] == 0
    assert count(study) == before + 3
