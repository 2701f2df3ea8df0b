"""Stages with real processes: the days of a search, killed and resumed, edited, and with nothing to build on."""

from __future__ import annotations

import os
import signal
import textwrap
from pathlib import Path

import pytest

from hptui.core.errors import UserError
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.execution.pruning import FinishedCurves, Pruning
from hptui.operations.run import create_study, read_study, run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.results.view import describe_stages, read_view, stage_progress
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from tests.support import events, hptui, rest, run_to_crash, run_to_rest, state, trials, until

DAYS = """
    name = "days"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    steps = 5
    noise = 0.01
    step_seconds = {seconds}
    depth = 3
    {trainer}
    [search]
    sampler = "random"
    seed = 3
    baseline = false
    {search}
    [[stage]]
    name = "rate"
    sampler = "grid"
    space = {{ learning_rate = {{ choices = [1e-5, 1e-4, 3e-3, 1e-2, 1e-1] }} }}
    [[stage]]
    name = "width"
    from = "best 1"
    trials = 3
    space = {{ width = "{{16, 32, 48, 96, 128}}" }}
    [[stage]]
    name = "final"
    from = "best 1"
    set = {{ steps = 12 }}
    {final}
"""


def days(
    folder: Path, *, seconds: float = 0.0, trainer: str = "", search: str = "", final: str = "", more: str = ""
) -> Path:
    path = folder / "days.toml"
    text = DAYS.format(seconds=seconds, trainer=trainer, search=search, final=final)
    path.write_text(textwrap.dedent(text) + more)
    return path


def by_stage(found: list[Trial]) -> dict[str, list[Trial]]:
    return {name: [one for one in found if one.stage == name] for name in ("rate", "width", "final")}


def loss(one: Trial) -> float:
    assert one.values is not None
    return one.values["loss"]


def test_the_days_of_a_search(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, days(tmp_path))
    rate, width, final = by_stage(trials(sd)).values()
    assert [one.params["learning_rate"] for one in rate] == [1e-5, 1e-4, 3e-3, 1e-2, 1e-1]
    winner = min(rate, key=loss)
    assert len(width) == 3
    assert {one.params["learning_rate"] for one in width} == {winner.params["learning_rate"]}
    best = min([winner, *width], key=loss)
    [last] = final
    assert last.params == {**best.params, "steps": 12}
    assert (last.role, last.facts["from_trial"], last.last_step) == (Role.LISTED, best.number, 12)
    assert state(sd) == ("done", "")
    view = read_view(sd)
    assert view.best == last
    assert [(one.name, one.state, one.trials) for one in stage_progress(view)] == [
        ("rate", "done", 5),
        ("width", "done", 3),
        ("final", "done", 1),
    ]
    assert events(sd, "stage") == [
        f"stage width begins, with everything else as in trial {winner.number}, the best before it",
        f"stage final begins: trial {best.number} again",
    ]


def test_the_command_line_names_the_stage(home: Path, tmp_path: Path) -> None:
    done = hptui(home, "run", str(days(tmp_path)))
    assert done.returncode == 0, done.stderr
    assert "Trial 0/9: rate: learning_rate=1e-5" in done.stdout
    assert "Best: trial 8 of stage final" in done.stdout
    assert "final (1 trial, best 8)" in done.stdout
    assert "stage\tfinal" in hptui(home, "show", "days", "8").stdout
    assert "final (1 trial, best 8)" in hptui(home, "status", "days").stdout
    head, first, *_ = hptui(home, "trials", "days").stdout.splitlines()
    assert dict(zip(head.split("\t"), first.split("\t"), strict=True))["stage"] == "rate"


def test_a_longer_stage_is_never_ranked_against_a_shorter_one(home: Path, tmp_path: Path) -> None:
    """The last stage trains less and ends worse: it still holds the best, because it is the last."""
    path = days(tmp_path)
    path.write_text(path.read_text().replace("steps = 12", "steps = 5\nlearning_rate = 10.0"))
    path.write_text(
        path.read_text().replace("set = { steps = 5\nlearning_rate = 10.0 }", "set = { learning_rate = 1.0 }")
    )
    sd = run_to_rest(home, path)
    found = trials(sd)
    assert loss(found[-1]) > min(loss(one) for one in found[:-1])
    assert read_view(sd).best == found[-1]


def test_a_study_killed_in_every_stage_goes_on_identically(home: Path, tmp_path: Path) -> None:
    undisturbed = [(one.stage, one.params, one.seed) for one in trials(run_to_rest(home / "a", days(tmp_path)))]
    sd = run(home / "b", str(days(tmp_path, seconds=0.05))).sd
    for moment in ("rate", "width", "final"):
        until(lambda now=moment: any(t.stage == now and t.status is TrialStatus.RUNNING for t in trials(sd)))  # type: ignore[misc]
        os.kill(int(str(runner_status(sd)["pid"])), signal.SIGKILL)
        until(lambda: not runner_status(sd)["alive"])
        run(home / "b", "days")
    rest(sd)
    assert [(one.stage, one.params, one.seed) for one in trials(sd)] == undisturbed
    assert all(one.status is TrialStatus.COMPLETE for one in trials(sd))


def test_a_runner_killed_between_two_stages_begins_the_next_once(home: Path, tmp_path: Path) -> None:
    sd = run_to_crash(home, days(tmp_path), "after_advance:1")
    assert {one.stage for one in trials(sd)} == {"rate"}
    sd = run_to_crash(home, "days", "after_advance:1")
    assert [one.stage for one in trials(sd)].count("final") == 1
    run_to_rest(home, "days")
    assert [len(found) for found in by_stage(trials(sd)).values()] == [5, 3, 1]


BESIDES = """
    name = "besides"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    steps = 3
    learning_rate = {rate}
    [search]
    sampler = "random"
    [[stage]]
    name = "rate"
    sampler = "grid"
    space = {{ learning_rate = {{ choices = [1e-5, 1e-4, 3e-3, 1e-1] }} }}
    [[stage]]
    name = "final"
    from = "best 2"
    set = {{ steps = 5 }}
    seeds = 2
    baseline = true
"""


@pytest.mark.parametrize("rate", ["1e-5", "1e-3", "3e-3", "1e-1"])
def test_the_baseline_of_a_stage_is_not_one_of_the_best_that_run_again(home: Path, tmp_path: Path, rate: str) -> None:
    """Wherever it ranks: no configuration is trained twice, and as many as were wanted run."""
    path = tmp_path / "study.toml"
    path.write_text(textwrap.dedent(BESIDES.format(rate=rate)))
    sd = run_to_rest(home, path)
    assert state(sd)[0] == "done"
    final = [one for one in trials(sd) if one.stage == "final"]
    rates = [float(one.params.get("learning_rate", rate)) for one in final]  # type: ignore[arg-type]
    assert {name: rates.count(name) for name in rates} == dict.fromkeys(rates, 2)
    assert len(set(rates)) == 3
    assert float(rate) in rates


def test_a_final_stage_with_seeds_knows_its_noise(home: Path, tmp_path: Path) -> None:
    path = days(tmp_path, final="seeds = 3")
    path.write_text(path.read_text().replace('from = "best 1"\nset', 'from = "best 2"\nset'))
    sd = run_to_rest(home, path)
    final = by_stage(trials(sd))["final"]
    firsts = [one for one in final if one.replicate_of is None]
    assert [one.role for one in firsts] == [Role.LISTED, Role.LISTED]
    for first in firsts:
        again = [one for one in final if one.replicate_of == first.number]
        assert [(one.role, one.seed) for one in again] == [(Role.REPLICATE, 4), (Role.REPLICATE, 5)]
        assert all(one.params == first.params for one in again)
        assert len({loss(one) for one in (first, *again)}) == 3
    means = {
        first.number: sum(loss(one) for one in final if first.number in (one.number, one.replicate_of)) / 3
        for first in firsts
    }
    best = read_view(sd).best
    assert best is not None
    assert best.number == min(means, key=lambda number: means[number])


def test_an_edit_of_the_space_concerns_the_stage_under_way(home: Path, tmp_path: Path) -> None:
    path = days(tmp_path, seconds=0.06)
    sd = run(home, str(path)).sd
    until(lambda: any(one.stage == "width" for one in trials(sd)))
    said = send_command(sd, "space", {"changes": {"width": "{200, 300}"}, "why": "wider"})
    assert "stage width: width: {16, 32, 48, 96, 128} → {200, 300}" in said
    rest(sd)
    width = by_stage(trials(sd))["width"]
    assert {one.params["width"] for one in width[1:]} == {200, 300}
    assert 'width = "{200, 300}"' in path.read_text()


def test_the_stage_under_way_cannot_be_taken_out(home: Path, tmp_path: Path) -> None:
    path = days(tmp_path)
    sd = run_to_rest(home, path)
    text = path.read_text()
    path.write_text(text[: text.index('[[stage]]\nname = "final"')])
    with pytest.raises(UserError, match="stage 'final' has begun"):
        run(home, str(path))
    path.write_text(text + '[[stage]]\nname = "more"\nfrom = "best 1"\nset = { steps = 20 }\n')
    run_to_rest(home, path)
    assert trials(sd)[-1].stage == "more"
    assert trials(sd)[-1].params["steps"] == 20


def test_a_stage_with_nothing_to_build_on_pauses_the_study_and_says_so(home: Path, tmp_path: Path) -> None:
    path = days(tmp_path, trainer="crash_at = 2\nfaulty_attempts = 1")
    path.write_text(path.read_text().replace("[1e-5, 1e-4, 3e-3, 1e-2, 1e-1]", "[1e-3, 1e-2]"))
    sd = run_to_rest(home, path)
    study, message = state(sd)
    assert study == "paused"
    assert "stage 'width' builds on the best trial of 'rate', which has none that is usable" in message
    send_command(sd, "retry", {"trials": [0]})
    run_to_rest(home, "days")
    assert by_stage(trials(sd))["width"][0].params["learning_rate"] == 1e-3


def test_no_improvement_ends_the_search_of_a_stage_and_the_next_begins(home: Path, tmp_path: Path) -> None:
    path = days(tmp_path, search="until = { no_improvement = 2 }")
    sd = run_to_rest(home, path)
    found = by_stage(trials(sd))
    assert [len(own) for own in found.values()] == [5, 2, 1] or [len(own) for own in found.values()] == [5, 3, 1]
    assert len(found["final"]) == 1


def test_more_trials_are_for_the_stage_under_way(home: Path, tmp_path: Path) -> None:
    path = days(tmp_path)
    text = path.read_text()
    path.write_text(text[: text.index('[[stage]]\nname = "final"')])
    assert len(trials(run_to_rest(home, path, trials="3"))) == 6, "three of the first stage, which is the one to begin"
    run_to_rest(home, "days", trials="+1")
    run_to_rest(home, path)  # what was said on the command line outlives a run from the file
    path.write_text(text)
    sd = run_to_rest(home, path)
    assert [len(found) for found in by_stage(trials(sd)).values()] == [3, 4, 1]
    with pytest.raises(UserError, match="stage 'final' is under way") as refused:
        run(home, "days", trials="+5")
    assert "hptui add days" in str(refused.value.hint)


def test_hand_made_trials_join_the_stage_under_way(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, days(tmp_path))
    send_command(sd, "add", {"params": {"width": 77}})
    run_to_rest(home, "days")
    added = trials(sd)[-1]
    assert (added.stage, added.role) == ("final", Role.MANUAL)
    assert (added.params["steps"], added.params["width"]) == (12, 77)


def test_a_study_with_several_objectives_goes_through_stages(home: Path, tmp_path: Path) -> None:
    path = days(tmp_path)
    two = '[[objective]]\nmetric = "loss"\ngoal = "minimize"\n[[objective]]\nmetric = "accuracy"\ngoal = "maximize"'
    path.write_text(path.read_text().replace('[objective]\nmetric = "loss"', two))
    sd = run_to_rest(home, path)
    assert [len(found) for found in by_stage(trials(sd)).values()] == [5, 3, 1]
    assert "final (1 trial" in describe_stages(read_view(sd))
    with StoreReader.open(sd) as reader:
        assert [one["name"] for one in reader.stage_history()] == ["rate", "width", "final"]


def test_what_has_run_in_a_comparable_stage_is_not_run_again(home: Path, tmp_path: Path) -> None:
    """The winner of the first stage has the width of [trainer]: a grid over widths leaves that one out."""
    path = days(tmp_path)
    path.write_text(path.read_text().replace('trials = 3\nspace = { width = "{16, 32, 48, 96, 128}" }', GRID))
    sd = run_to_rest(home, path)
    rate, width, _ = by_stage(trials(sd)).values()
    assert [one.params["width"] for one in width] == [32, 128]
    best = read_view(sd).best
    assert best is not None
    assert best.facts["from_trial"] == min([*rate, *width], key=loss).number


GRID = 'sampler = "grid"\nspace = { width = "{32, 64, 128}" }'


def test_a_pruner_of_a_stage_compares_within_it_alone(home: Path, tmp_path: Path) -> None:
    """Three good trials of a shorter stage would have every trial of the second pruned at once, were they compared."""
    path = tmp_path / "days.toml"
    path.write_text(
        textwrap.dedent("""
        name = "days"
        [objective]
        metric = "loss"
        [trainer]
        kind = "toy"
        learning_rate = 2e-3
        step_seconds = 0.01
        [search]
        sampler = "random"
        baseline = false
        pruner = { kind = "median", startup = 2, warmup = 0.1 }
        [[stage]]
        name = "good"
        trials = 3
        space = { dropout = "0.1..0.2" }
        [[stage]]
        name = "bad"
        trials = 2
        space = { dropout = "0.1..0.2" }
        set = { learning_rate = 1.0 }
    """)
    )
    sd = run_to_rest(home, path)
    assert [str(one.status) for one in trials(sd) if one.stage == "bad"] == ["complete", "complete"]


def test_a_stage_counts_reports_as_its_own_pruner_does(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(
        textwrap.dedent("""
        name = "two"
        [objective]
        metric = "loss"
        [trainer]
        kind = "toy"
        [search]
        sampler = "random"
        pruner = { kind = "median" }
        [[stage]]
        name = "progress"
        trials = 1
        space = { dropout = "0.1..0.2" }
        [[stage]]
        name = "reports"
        trials = 1
        space = { dropout = "0.1..0.2" }
        pruner = { kind = "bands", bands = [2, 4] }
    """)
    )
    study, sd = read_study(path, {}), StudyDir.for_study(home, "two")
    create_study(sd, study)
    with Store.open(sd) as store:
        counting = {
            stage: Pruning(store, study, FinishedCurves(), stage).counts_reports for stage in ("progress", "reports")
        }
    assert counting == {"progress": False, "reports": True}
