"""Objectives that are constant, and several objectives whose progress is told."""

import json

from tests.support import events, hptui, run_to_rest, toy, trials


def test_an_objective_that_nothing_moves_is_told_once_and_the_search_ends_well(home, tmp_path):
    path = toy(tmp_path, trials=8, trainer='ignore = "learning_rate"', sampler="tpe")
    sd = run_to_rest(home, path)
    assert [str(one.status) for one in trials(sd)] == ["complete"] * 8
    [message] = events(sd, "constant")
    assert "in all of 4 trials: either nothing that is searched has an influence on it" in message


def test_an_objective_that_moves_gives_no_cause_to_doubt(home, tmp_path):
    assert events(run_to_rest(home, toy(tmp_path, trials=6)), "constant") == []


def test_the_progress_of_several_objectives_is_their_hypervolume(home, tmp_path):
    path = toy(tmp_path, trials=6, space='width = "{16, 64, 256}"')
    two = '[[objective]]\nmetric = "loss"\ngoal = "minimize"\n[[objective]]\nmetric = "accuracy"\ngoal = "minimize"'
    path.write_text(path.read_text().replace('[objective]\nmetric = "loss"', two))
    done = hptui(home, "run", str(path))
    assert "ON THE FRONT" in done.stdout
    assert "hypervolume" not in done.stdout  # its scale changes with every trial
    [shape] = json.loads(hptui(home, "status", "toy", "--json").stdout)
    found = shape["hypervolume"]
    values = [one["value"] for one in found["history"]]
    assert values == sorted(values)
    assert 0 < found["value"] <= 1.21
    assert found["value"] == values[-1]
    assert shape["best"]["number"] in found["pareto"]
    assert json.loads(hptui(home, "status", "--json").stdout)[0]["stages"] == []
