"""What the verbs say in JSON: promised keys, honest numbers, times in UTC."""

import json

from hptui.core.trial import StudyState
from hptui.operations.status import show_json, status_json
from hptui.results.json_output import iso_time, trial_json
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from tests.operations.made import TRIALS, make

TRIAL_KEYS = (
    "number name status reason params effective values metrics started ended seconds peak_memory_gb attempts note"
)
STATUS_KEYS = "name state runner objective sampler counts best started seconds eta"


def strict(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_a_trial(home):
    shape = strict(trial_json(read_view(make(home)).trials[1]))
    assert set(TRIAL_KEYS.split()) <= set(shape)
    assert (shape["number"], shape["status"], shape["reason"]) == (1, "complete", "finished")
    assert shape["params"] == {"learning_rate": 2e-3, "width": 32}
    assert shape["effective"] == {"width": 30}
    assert shape["values"] == {"loss": 0.5834}
    assert shape["metrics"] == {"accuracy": 0.03, "loss": 1 / 3}
    assert (shape["started"], shape["seconds"], shape["peak_memory_gb"]) == ("2027-01-15T08:01:00.000Z", 50.0, 0.5)
    assert "nonfinite" not in shape


def test_what_is_no_number_is_null_and_named(home):
    shape = strict(trial_json(read_view(make(home)).trials[6]))
    assert shape["values"] is None
    assert shape["metrics"]["loss"] is None
    assert shape["nonfinite"] == {"loss": "nan"}


def test_a_study(home):
    shape = strict(status_json(read_view(make(home, message="all done"))))
    assert set(STATUS_KEYS.split()) <= set(shape)
    assert (shape["name"], shape["state"], shape["message"], shape["sampler"]) == ("made", "done", "all done", "random")
    assert shape["runner"] == {"pid": None, "alive": False, "host": None}
    assert shape["objective"] == {"metric": "loss", "goal": "minimize"}
    assert shape["counts"] == {"complete": 4, "failed": 2, "pruned": 1, "waiting": 1}
    assert {key: shape["best"][key] for key in ("number", "value")} == {"number": 3, "value": 0.5621}
    assert shape["best"]["params"] == {"learning_rate": 4e-3, "width": 32}
    assert (shape["seconds"], shape["eta"]) == (420.0, None)


def test_a_study_without_a_usable_trial_has_no_best(home):
    assert status_json(read_view(make(home, TRIALS[4:])))["best"] is None


def test_a_trial_whole(home):
    sd = make(home, state=StudyState.PAUSED)
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        shape = strict(show_json(view, view.trials[6], reader))
    assert shape["curves"]["loss"][-1] == {"step": 4, "value": None, "seconds": 4.0, "nonfinite": "nan"}
    assert shape["curves"]["loss"][0] == {"step": 1, "value": 1.0, "seconds": 1.0}
    assert shape["settings"]["width"] == 32
    assert shape["settings"]["depth"] == 4
    assert shape["environment"] == {"host": "box", "git_dirty": True}
    assert [(one["n"], one["state"], one["reason"]) for one in shape["attempt"]] == [(1, "failed", "nan")]


def test_times_are_utc():
    assert iso_time(0.25) == "1970-01-01T00:00:00.250Z"
    assert iso_time(None) is None
