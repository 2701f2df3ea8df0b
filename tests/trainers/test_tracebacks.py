"""The traceback of a failed training shows its author's own lines."""

import pytest

from hptui.trainers import worker
from hptui.trainers.failures import Diverged
from tests.trainers.attempts import make, start

THEIRS = """
def main(trial, fail: str = ""):
    trial.total_steps = 9
    for step in range(1, 10):
        if fail == "crash":
            open_it(step)
        trial.report(step, loss=float("nan") if fail == "nan" else 1.0)
    return {"loss": 1.0}


def open_it(step):
    try:
        {}["key"]
    except KeyError as error:
        raise RuntimeError("no such thing") from error
"""


@pytest.mark.parametrize("fail", ["crash", "nan"])
def test_only_the_lines_of_the_training_are_shown(tmp_path, fail):
    (tmp_path / "mine.py").write_text(THEIRS)
    said, _ = start(make(tmp_path, "mine:main", {"fail": fail})).communicate(timeout=60)
    assert "hptui/trainers/worker.py" not in said
    assert "hptui/trainers/context.py" not in said
    if fail == "crash":
        assert "mine.py" in said
        assert "KeyError: 'key'" in said
        assert "RuntimeError: no such thing" in said
    else:
        assert "Traceback" not in said
        assert "diverged: loss was nan 5 times in a row, last at step 5" in said


def test_an_error_that_is_all_ours_keeps_its_lines(capsys):
    def ours():
        raise ValueError("here")

    code = compile("def call(f):\n    f()\n", worker.__file__.replace("tracebacks", "worker"), "exec")
    names: dict = {}
    exec(code, names)
    try:
        names["call"](ours)
    except ValueError as error:
        worker.user_traceback(error)
    said = capsys.readouterr().err
    assert "ValueError: here" in said
    assert "worker.py" not in said


def test_a_training_without_numbers_is_one_line(capsys):
    worker.user_traceback(Diverged("loss was nan"))
    assert capsys.readouterr().err == "diverged: loss was nan\n"
