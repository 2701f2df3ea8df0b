"""Client scripts from end to end: what they were told, what they said, and what is on record of it."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from hptui.core.trial import Reason, Trial, TrialStatus
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import read_json
from tests.scripts.conftest import Write, client
from tests.support import events, hptui, rest, run_to_rest, state, trial, trials, until

COMMON: dict[str, Any] = {"lr": 1e-05, "batch_size": 16, "amp": True, "layers": [3, 4], "schedule": "cosine"}


def named(sd: StudyDir) -> dict[str, Trial]:
    return {one.name: one for one in trials(sd)}


def curve(sd: StudyDir, number: int, metric: str = "val_loss") -> list[tuple[int, float]]:
    with StoreReader.open(sd) as reader:
        return [(step, value) for step, value, _ in reader.curve(number, metric)]


def log(sd: StudyDir, number: int, attempt: int = 1) -> str:
    return (sd.attempt(number, attempt) / "log.txt").read_text()


def test_every_style_and_every_way_of_giving_metrics(home: Path, tmp_path: Path, write: Write) -> None:
    (tmp_path / "base.yaml").write_text("training:\n  lr: 0.5\n  keep: me\n")
    given: dict[str, dict[str, Any]] = {
        "argparse": {"command": client("argparse"), **COMMON},
        "click": {"command": client("click"), "style": "click", **COMMON},
        "fire": {"command": client("fire"), "style": "fire", **COMMON},
        "hydra": {
            "command": client("hydra"),
            "style": "hydra",
            "workdir": "{trial_dir}",
            "names": {"lr": "optimizer.lr"},
            "effective_from": {"line": "settings (?P<json>{.*})", "fields": {"optimizer.lr": "lr"}},
            **COMMON,
        },
        "exact": {"command": client("exact"), "style": "exact", **COMMON},
        "environment": {
            "command": client("environment", "{trial_dir}/log.jsonl"),
            "style": "env",
            "env": {"SEED": "{seed}"},
            "metrics": [{"file": "{trial_dir}/log.jsonl", "fields": {"val_loss": "eval.loss"}, "step": "step"}],
            "lr": 1e-05,
            "batch_size": 16,
        },
        "config": {
            "command": client("config", "{config}", "{trial_dir}"),
            "config": "base.yaml",
            "names": {"lr": "training.lr", "batch_size": "data.batch"},
            "metrics": [
                {"file": "{trial_dir}/trainer_state.json", "fields": {"val_loss": "eval_loss"}},
                {"file": "{trial_dir}/all_results.json", "fields": {"accuracy": "eval_accuracy"}},
            ],
            "lr": 1e-05,
            "batch_size": 16,
        },
        "report": {"command": client("report", "{lr}"), "lr": 1e-05},
        "wandb": {
            "command": client("wandb"),
            "style": "wandb",
            "workdir": "{trial_dir}",
            "lr": 1e-05,
            "batch_size": 16,
        },
        "tensorboard": {
            "command": client("tensorboard", "{trial_dir}/runs", "{lr}"),
            "metrics": ["{trial_dir}/runs"],
            "lr": 1e-05,
        },
        "csv": {
            "command": client("csv", "{trial_dir}/log.csv", "{lr}"),
            "metrics": ["{trial_dir}/log.csv"],
            "lr": 1e-05,
        },
    }
    sd = run_to_rest(home, write("clients", given))
    found = named(sd)
    unhappy = next((one for one in found.values() if one.status is not TrialStatus.COMPLETE), None)
    assert unhappy is None, log(sd, unhappy.number)
    assert list(found) == list(given)

    for name in ("argparse", "click", "fire", "hydra", "exact"):
        effective = {key: found[name].effective.get(key) for key in COMMON}
        assert effective == COMMON, name
        assert all(type(effective[key]) is type(COMMON[key]) for key in COMMON), name
    for name in ("environment", "config", "wandb"):
        assert (found[name].effective["lr"], found[name].effective["batch_size"]) == (1e-05, 16), name

    values = {name: (one.values or {})["val_loss"] for name, one in found.items()}
    exactly = {
        "fire": 1e-05 / 3,
        "wandb": 1e-05 / 3,
        "report": 1e-05 / 3,
        "environment": 1e-05 / 20,
        "config": 1e-05 / 10 + 1e-9,
    }
    assert {name: values[name] for name in exactly} == exactly
    assert values["argparse"] == values["exact"] == 1e-05
    assert values["tensorboard"] == pytest.approx(1e-05 / 3, rel=1e-6)
    assert values["csv"] == 1e-05 / 20

    sources = {name: one.facts["metric_sources"]["val_loss"] for name, one in found.items()}  # type: ignore[index, call-overload]
    assert sources == {
        **dict.fromkeys(("argparse", "click", "fire", "hydra", "exact"), "output"),
        "environment": "file log.jsonl",
        "config": "file trainer_state.json",
        "report": "report",
        "wandb": "tap wandb",
        "tensorboard": "tensorboard",
        "csv": "file log.csv",
    }
    number = {name: one.number for name, one in found.items()}
    assert curve(sd, number["argparse"], "Loss") == [(5, 0.2), (10, 0.1), (15, 0.0667), (20, 0.05)]
    assert curve(sd, number["click"]) == [(2, 1e-05), (4, 5e-06), (6, 3e-06)]
    assert curve(sd, number["config"]) == [(5, 1e-05 / 5 + 1e-9), (10, 1e-05 / 10 + 1e-9)]
    assert curve(sd, number["report"], "accuracy:k") == [(1, 1), (2, 2), (3, 3)]
    assert curve(sd, number["config"], "accuracy:n")[-1][1] == 200
    assert [step for step, _ in curve(sd, number["wandb"])] == [0, 1, 2]
    assert len(curve(sd, number["csv"], "train_loss")) >= 5
    assert found["report"].total_steps == 3
    assert any("bad = text" in message for message in events(sd, "trainer"))
    config = (sd.trial(number["config"]) / "output" / "base.yaml").read_text()
    assert "lr: 1.0e-05" in config
    assert "keep: me" in config
    with StoreReader.open(sd) as reader:
        [attempt] = reader.attempts(number["argparse"])
    assert attempt.environment["trainer_file"].endswith("argparse_client.py")  # type: ignore[union-attr]
    assert attempt.environment["executable"]


def test_what_scripts_do_wrong(home: Path, write: Write) -> None:
    order = ["floods", "lies", "forks", "nan", "escapes", "oom", "crashes", "killed"]
    given = {name: {"command": client("stubborn", name.split("-")[0])} for name in order}
    sd = run_to_rest(home, write("stubborn", given))
    found = named(sd)
    assert {name: (str(one.status), str(one.reason)) for name, one in found.items()} == {
        "floods": ("complete", "finished"),
        "forks": ("complete", "finished"),
        "escapes": ("complete", "finished"),
        "lies": ("failed", "crash"),
        "nan": ("failed", "nan"),
        "oom": ("failed", "host_oom"),
        "crashes": ("failed", "crash"),
        "killed": ("failed", "crash"),
    }
    assert all(one.values is None for one in found.values() if one.status is TrialStatus.FAILED)
    assert "RuntimeError: boom" in found["lies"].message
    assert found["crashes"].message == "ValueError: no such layer (exit code 1)"
    assert "SIGSEGV" in found["killed"].message
    assert (found["floods"].values or {})["val_loss"] == 0.25
    assert (found["escapes"].values or {})["val_loss"] == 0.25
    assert "ended 3 processes that the script left behind" in log(sd, found["forks"].number)
    assert found["nan"].last_step is not None
    assert found["nan"].last_step < 399  # it was ended as soon as it was known


def test_what_does_not_end_is_ended_and_no_exit_code_makes_it_a_success(home: Path, write: Write) -> None:
    given = {name: {"command": client("stubborn", name)} for name in ("hangs", "deaf", "catches")}
    resources = 'parallel = 3\ntimeout = "2s"\nstop_grace = "0.5s"'
    found = named(run_to_rest(home, write("endless", given, resources=resources)))
    assert {(str(one.status), str(one.reason), one.values) for one in found.values()} == {("failed", "timeout", None)}


def test_a_usage_error_stops_the_study_with_the_scripts_own_words(home: Path, write: Write) -> None:
    given = {name: {"command": client("usage"), "learning_rate": 0.1} for name in ("one", "two", "three")}
    sd = run_to_rest(home, write("usage", given, resources="parallel = 1"))
    found = trials(sd)
    assert [str(one.status) for one in found] == ["failed", "waiting", "waiting"]
    assert found[0].reason is Reason.USAGE
    assert "unrecognized arguments: --learning_rate=0.1" in found[0].message
    assert "unrecognized arguments" in state(sd)[1]


def test_after_a_success_a_mistake_stops_the_study_and_a_rejected_combination_does_not(
    home: Path, write: Write
) -> None:
    ranks = {f"rank-{rank}": {"command": client("usage"), "rank": rank} for rank in (1, 8, 2)}
    given = {**ranks, "unknown": {"command": client("usage"), "rankz": 2}, "never": {"command": client("usage")}}
    path = write("mistake", given, resources="parallel = 1")
    done = hptui(home, "run", str(path))
    assert done.returncode == 1, done.stdout + done.stderr
    found = named(StudyDir.for_study(home, "mistake"))
    assert [str(one.status) for one in found.values()] == ["complete", "failed", "complete", "failed", "waiting"]
    assert found["rank-8"].message.endswith("--rank must be at most --width")
    assert "unrecognized arguments: --rankz=2" in done.stdout + done.stderr


def test_without_its_objective_a_trial_has_failed(home: Path, write: Write) -> None:
    sd = run_to_rest(home, write("nothing", {"one": {"command": client("stubborn", "nothing")}}))
    assert (trial(sd, 0).reason, trial(sd, 0).values) == (Reason.NO_METRIC, None)


def test_a_script_goes_on_with_its_own_flag_after_a_pause(home: Path, write: Write) -> None:
    words = client("resume", "--out", "{trial_dir}")
    flag = {"resume_flag": "--resume-from {checkpoint}", "checkpoint": "{trial_dir}/checkpoint-*"}
    given = {"goes-on": {"command": words, "lr": 1.0, **flag}, "anew": {"command": words, "lr": 1.0}}
    sd = run(home, str(write("resume", given))).sd
    until(lambda: all((one.last_step or 0) > 4 for one in trials(sd)))
    send_command(sd, "pause", {})
    rest(sd)
    paused = trials(sd)
    assert [(str(one.status), one.values) for one in paused] == [("paused", None)] * 2
    run_to_rest(home, "resume")
    assert [str(one.status) for one in trials(sd)] == ["complete", "complete"]
    with StoreReader.open(sd) as reader:
        first, second = reader.attempts(0)
        assert (second.resumed_step or 0) >= 4
        again = reader.attempts(1)[1]
        assert again.resumed_step is None
    assert f"--resume-from {sd.trial(0)}/output/checkpoint-{second.resumed_step}" in log(sd, 0, 2)
    for number in (0, 1):
        assert [step for step, _ in curve(sd, number)] == list(range(1, 41))
    assert any("begins anew" in message for message in events(sd, "trainer"))
    assert (sd.trial(1) / "output-of-attempt-1" / "checkpoint-4").exists()
    assert first.seconds > 0


def test_an_evaluation_adds_metrics_and_artifacts(home: Path, write: Write) -> None:
    given: dict[str, dict[str, Any]] = {
        "evaluated": {
            "command": client("saving", "{trial_dir}", "{lr}"),
            "evaluate": client("evaluate", "{trial_dir}"),
            "evaluate_device": "cpu",
            "artifacts": ["{trial_dir}/*.txt"],
            "lr": 0.5,
            "unused": 3,
        },
        "fails": {"command": client("report", "{lr}"), "evaluate": client("evaluate", "{trial_dir}"), "lr": 0.5},
    }
    path = write("evaluate", given)
    path.write_text(path.read_text().replace('"val_loss"', '"test_loss"'))
    sd = run_to_rest(home, path)
    good, bad = trials(sd)
    assert (good.status, good.values) == (TrialStatus.COMPLETE, {"test_loss": 0.25})
    assert curve(sd, 0, "test_accuracy:n") == [(2, 10000)]
    assert "on ''" in (sd.artifacts(0) / "evaluate.txt").read_text()
    with StoreReader.open(sd) as reader:
        assert {one.label for one in reader.artifacts(0)} == {"sample.txt", "what the evaluation printed"}
    assert (bad.status, bad.reason) == (TrialStatus.FAILED, Reason.CRASH)
    assert "the evaluation failed" in bad.message
    assert "there is no model" in bad.message


def test_the_trainer_of_transformers_is_tapped_in_full_precision(home: Path, write: Write) -> None:
    given = {
        "tapped": {
            "command": client("trainer", "--output_dir={trial_dir}"),
            "style": "hf",
            "learning_rate": 0.01,
            "per_device_train_batch_size": 8,
            "width": 4,
            "max_steps": 6,
            "logging_steps": 2,
            "eval_strategy": "steps",
            "eval_steps": 3,
            "report_to": "none",
            "use_cpu": True,
            "disable_tqdm": True,
            "save_strategy": "no",
        }
    }
    path = write("tapped", given)
    path.write_text(path.read_text().replace('"val_loss"', '"eval_loss"'))
    sd = run_to_rest(home, path)
    one = trial(sd, 0)
    assert one.status is TrialStatus.COMPLETE, log(sd, 0)
    assert one.facts["metric_sources"]["eval_loss"] == "tap transformers"  # type: ignore[index, call-overload]
    assert [step for step, _ in curve(sd, 0, "loss")] == [2, 4, 6]
    assert [step for step, _ in curve(sd, 0, "eval_loss")] == [3, 6]
    assert len(repr(curve(sd, 0, "eval_loss")[-1][1])) > 10  # the printed ones have four digits
    assert one.total_steps == 6
    assert one.effective["learning_rate"] == 0.01
    assert one.effective["per_device_train_batch_size"] == 8
    with StoreReader.open(sd) as reader:
        [attempt] = reader.attempts(0)
    assert "transformers" in attempt.environment["packages"]  # type: ignore[operator]


def test_a_sitecustomize_of_the_environment_still_runs(
    home: Path, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "site"
    place.mkdir()
    (place / "sitecustomize.py").write_text("import builtins\nbuiltins.from_sitecustomize = 0.75\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")]))
    words = client("sitecustomize")
    given = {
        "tapped": {"command": words},
        "untapped": {"command": words, "tap": False},
        "hidden": {"command": [words[0], "-I", *client("report")[1:], "0.5"]},
    }
    sd = run_to_rest(home, write("site", given))
    found = named(sd)
    assert (found["tapped"].values or {})["val_loss"] == (found["untapped"].values or {})["val_loss"] == 0.75
    assert any("`python -I` hides the tap" in message for message in events(sd, "trainer"))


def test_parallel_trials_do_not_mix_their_outputs(home: Path, write: Write) -> None:
    words = client("resume", "--out", "{trial_dir}")
    given = {f"trial-{n}": {"command": words, "lr": float(n), "steps": 10} for n in range(1, 9)}
    sd = run_to_rest(home, write("parallel", given, resources="parallel = 8"))
    for one in trials(sd):
        lr = float(one.params["lr"])  # type: ignore[arg-type]
        assert curve(sd, one.number) == [(step, float(f"{lr / step:.6f}")) for step in range(1, 11)]


def test_a_line_is_on_record_within_a_second(home: Path, write: Write) -> None:
    sd = run(home, str(write("live", {"one": {"command": client("resume", "--out", "{trial_dir}"), "lr": 1.0}}))).sd
    saved = sd.trial(0) / "output" / "checkpoint-10"
    until(saved.exists)
    # The benchmark measures it; here only an order of magnitude.
    until(lambda: (trial(sd, 0).last_step or 0) >= 10, "the line is on record", seconds=5)
    rest(sd)
    assert not runner_status(sd)["alive"]


def test_whoever_is_killed_the_script_dies_and_the_trial_goes_on(home: Path, write: Write) -> None:
    flag = {"resume_flag": "--resume-from {checkpoint}", "checkpoint": "{trial_dir}/checkpoint-*"}
    given = {
        name: {"command": client("resume", "--out", "{trial_dir}"), "lr": 1.0, **flag} for name in ("worker", "shim")
    }
    sd = run(home, str(write("killed", given))).sd
    until(lambda: all((one.last_step or 0) > 4 for one in trials(sd)))
    for number, who in enumerate(given):
        os.kill(read_json(sd.attempt(number, 1) / "shim.json")[who], signal.SIGKILL)
    rest(sd)
    for one in trials(sd):
        assert (one.status, one.attempts) == (TrialStatus.COMPLETE, 2)
        assert [step for step, _ in curve(sd, one.number)] == list(range(1, 41))
        assert (sd.attempt(one.number, 1) / "log.txt").read_text().count("step 40") == 0


def test_a_study_goes_on_with_the_python_that_it_began_with(
    home: Path, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    sd = run_to_rest(home, write("python", {"one": {"command": client("report", "0.5")}}))
    other = tmp_path / "bin" / "python"
    other.parent.mkdir()
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o700)
    monkeypatch.setenv("PATH", str(other.parent), prepend=":")
    write("python", {"one": {"command": client("report", "0.5")}, "two": {"command": client("report", "0.25")}})
    run_to_rest(home, tmp_path / "python.toml")
    assert [str(one.status) for one in trials(sd)] == ["complete", "complete"]
    assert log(sd, 0).splitlines()[0] == log(sd, 1).splitlines()[0].replace("0.25", "0.5")


def test_what_is_exported_is_the_scripts_own(home: Path, write: Write) -> None:
    given = {"one": {"command": client("report", "{lr}"), "lr": 0.5}}
    sd = run_to_rest(home, write("exported", given, trainer='names = { lr = "learning-rate" }'))
    done = hptui(home, "export", "exported", "0", "--format", "json")
    assert json.loads(done.stdout) == {"learning-rate": 0.5}
    shown = hptui(home, "show", "exported", "0").stdout
    assert "read_output" not in shown
    assert "report" in next(line for line in shown.splitlines() if line.startswith("val_loss"))
    with StoreReader.open(sd) as reader:
        [attempt] = reader.attempts(0)
    assert str(attempt.environment["command"]).endswith("report_client.py 0.5")


def test_an_untouched_base_model_is_only_evaluated(home: Path, tmp_path: Path, write: Write) -> None:
    (tmp_path / "model").write_text("0.75")
    path = write("base", {}, trainer=f"evaluate = {json.dumps(client('evaluate', '{study_dir}'))}")
    text = (
        path.read_text()
        .replace('"val_loss"', '"test_loss"')
        .replace('sampler = "list"\nbaseline = false', "evaluate_base = true")
    )
    path.write_text(
        text.replace('["true"]', json.dumps(client("saving", "{trial_dir}", "{lr}"))).replace(
            "[search]", "lr = 0.5\n[space]\nlr = '0.1..1.0'\n[search]\nsampler = 'random'\ntrials = 1"
        )
    )
    sd = run_to_rest(home, path)
    base, baseline = trials(sd)
    assert (str(base.role), str(base.status), base.values) == ("base", "complete", {"test_loss": 0.75}), base.message
    assert "saving_client" not in log(sd, base.number)
    assert "saving_client" in log(sd, baseline.number)
