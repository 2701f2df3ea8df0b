"""`charlm` trains, stops, resumes to the same bits, and says what it did."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from hptui.store.run_directory import RunDir
from hptui.trainers import Diverged, registry, worker
from hptui.trainers.checkpoints import find_damage, list_checkpoints
from hptui.trainers.context import TrialContext
from tests.trainers.attempts import context, curve, events, make, start, until, work

TINY: dict[str, Any] = {
    "model_dim": 16,
    "num_layers": 2,
    "num_heads": 2,
    "dropout": 0.2,
    "max_seq_len": 16,
    "batch_size": 4,
    "gradient_accumulation": 2,
    "steps": 16,
    "eval_every": 4,
    "eval_batches": 1,
    "learning_rate": 1e-2,
    "lr_schedule": "cosine",
    "warmup_steps": 3,
    "sample_chars": 20,
    "text": "text.txt",
}


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "text.txt").write_text(Path(ast.__file__).read_text(encoding="utf-8")[:20_000], encoding="utf-8")
    return tmp_path


def attempt(study: Path, settings: dict[str, Any] | None = None, **over: Any) -> RunDir:
    return make(study, "charlm", {**TINY, **(settings or {})}, **{"objectives": ["val_loss"], **over})


def train(run: RunDir, stop: Callable[[TrialContext], bool] = lambda trial: False) -> dict[str, float]:
    """Train in this process, asked to stop when `stop` says so."""
    torch.set_num_threads(1)
    held: list[TrialContext] = []
    trial, writer = context(run, lambda: bool(held) and stop(held[0]))
    held.append(trial)
    try:
        return dict(registry.load("charlm")(json.loads(run.config.read_text())["settings"], trial))
    finally:
        writer.close()


def end(run: RunDir) -> dict[str, Any]:
    assert worker.main(str(run.root)) == 0
    return events(run)[-1]


def effective(run: RunDir) -> dict[str, Any]:
    return {name: value for event in events(run, "effective") for name, value in event["settings"].items()}


def test_it_learns_real_text_and_writes_a_sample(study: Path) -> None:
    text = {"text": "", "train_chars": 100_000, "prompt": "Return ", "eval_batches": 4}
    size = {"model_dim": 48, "max_seq_len": 32, "batch_size": 16, "steps": 120, "eval_every": 30, "dropout": 0.0}
    run = attempt(study, {**text, **size})
    last = end(run)
    assert (last["status"], last["reason"]) == ("complete", "finished")
    losses = [event["m"]["val_loss"] for event in events(run, "metrics") if "val_loss" in event["m"]]
    assert [event["step"] for event in events(run, "metrics") if "val_loss" in event["m"]] == [30, 60, 90, 120]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 2.8 < 4.0 < events(run, "metrics")[0]["m"]["train_loss"]
    assert last["m"]["perplexity"] == pytest.approx(2.718281828 ** last["m"]["val_loss"], rel=1e-6)
    assert set(last["m"]) == set(registry.reported_metrics("charlm"))
    sample = (study / "trials" / "0000" / "artifacts" / "sample.txt").read_text()
    assert sample.startswith("Return ")
    assert len(sample) == 27
    assert events(run, "artifact")[0]["path"] == "artifacts/sample.txt"
    assert sample in "".join(path.read_text() for path in study.rglob("sample.txt"))


def test_what_was_really_used_is_recorded(study: Path) -> None:
    run = attempt(study, {"warmup_steps": 64})
    train(run)
    found = effective(run)
    assert found["batch_size"] == 8
    assert found["learning_rate"] == pytest.approx(1e-2 * 16 / 64)
    assert found["warmup_steps"] == 16
    assert found["steps"] == 16
    assert found["tokens"] == 16 * 4 * 2 * 16
    assert found["characters"] == 18_000
    assert found["epochs"] == pytest.approx(16 * 128 / 18_000, abs=1e-4)
    assert found["vocabulary"] == len(set((study / "text.txt").read_text()))
    assert found["parameters"] > 6000
    assert (found["device"], found["dtype"], found["deterministic_algorithms"]) == ("cpu", "float32", True)
    assert "warm-up of 64 steps is longer than the run of 16" in events(run, "warning")[0]["message"]
    assert events(run, "total")[0]["steps"] == 16


def test_the_length_can_be_a_fraction_of_an_epoch(study: Path) -> None:
    run = attempt(study, {"steps": 0, "epochs": 0.25})
    train(run)
    assert events(run, "total")[0]["steps"] == round(0.25 * 18_000 / 128)
    assert max(curve(run)) == 35


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mixed_precision": True, "gradient_accumulation": 1},
        {"early_stopping": True, "patience": 2, "learning_rate": 0.05, "steps": 30, "eval_every": 2},
        {"tie_weights": False, "gradient_clip": 0.0, "weight_decay": 0.1},
    ],
)
def test_a_resumed_run_repeats_every_bit(study: Path, settings: dict[str, Any]) -> None:
    whole = attempt(study, settings, number=0)
    final = train(whole)
    parts: dict[int, tuple[float, ...]] = {}
    for number, reports in ((1, 5), (2, 1), (3, 4)):
        run = attempt(study, settings, number=1, attempt=number)
        train(run, lambda trial, reports=reports: trial.reports >= reports)
        parts |= curve(run)
        torch.rand(number)  # a process of its own would have another state
    last = attempt(study, settings, number=1, attempt=4)
    ended = train(last)
    parts |= curve(last)
    assert parts == curve(whole)
    assert events(last, "hello") == []
    final.pop("tokens_per_second")
    ended.pop("tokens_per_second")
    assert ended == final
    samples = [(study / "trials" / name / "artifacts" / "sample.txt").read_text() for name in ("0000", "0001")]
    assert samples[0] == samples[1]


def test_the_seed_decides(study: Path) -> None:
    curves = []
    for number, seed in enumerate((1, 1, 2)):
        run = attempt(study, number=number, seed=seed)
        train(run)
        curves.append(curve(run))
    assert curves[0] == curves[1] != curves[2]


def test_validation_does_not_depend_on_the_batch_size(study: Path) -> None:
    losses = []
    for number, size in enumerate((4, 5)):
        settings = {"batch_size": size, "learning_rate": 1e-12, "eval_batches": 2, "steps": 1}
        losses.append(train(attempt(study, settings, number=number))["val_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_early_stopping_keeps_the_best(study: Path) -> None:
    run = attempt(study, {"early_stopping": True, "patience": 2, "learning_rate": 0.5, "steps": 200, "eval_every": 2})
    last = end(run)
    assert (last["status"], last["reason"]) == ("complete", "early_stop")
    assert "in 2 evaluations" in last["message"]
    losses = [values[0] for values in curve(run, "val_loss").values() if values[0] > 0]
    assert last["m"]["val_loss"] == min(losses) == losses[-3]
    assert effective(run)["steps"] == max(curve(run)) < 200


def test_a_loss_without_a_number_is_reported_and_ends_the_trial(study: Path) -> None:
    run = attempt(study, {"learning_rate": 1e30, "warmup_steps": 0, "gradient_clip": 0.0})
    last = end(run)
    assert (last["status"], last["reason"]) == ("failed", "nan")
    assert "train_loss is nan at step" in last["message"]
    assert events(run, "metrics")[-1]["nonfinite"]["train_loss"] == "nan"
    with pytest.raises(Diverged):
        train(attempt(study, {"learning_rate": 1e30, "warmup_steps": 0, "gradient_clip": 0.0}, number=1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_heads": 3}, "model_dim=16 and num_heads=3"),
        ({"text": "none.txt"}, "there is no file or directory"),
        ({"max_seq_len": 4000}, "the text is too short for max_seq_len=4000"),
        ({"modeldim": 3}, "did you mean 'model_dim'?"),
    ],
)
def test_a_mistake_is_said_before_training(study: Path, settings: dict[str, Any], message: str) -> None:
    last = end(attempt(study, settings))
    assert (last["status"], last["reason"]) == ("failed", "usage")
    assert message in last["message"]


def test_trying_out_takes_two_steps_and_evaluates(study: Path) -> None:
    run = attempt(study, {"log_every": 10}, try_steps=2)
    assert end(run)["status"] == "complete"
    assert [event["step"] for event in events(run, "metrics")] == [2]
    assert "val_loss" in events(run, "metrics")[0]["m"]
    assert events(run, "total")[0]["steps"] == 16
    assert events(run, "artifact") == []


def test_a_pruned_trial_saves_nothing(study: Path) -> None:
    run = attempt(study)
    run.control.write_text("prune")
    assert end(run)["status"] == "pruned"
    assert events(run, "checkpoint") == []


def test_checkpoints_come_by_steps_and_load_without_pickle(study: Path) -> None:
    run = attempt(study, {"checkpoint_every": 5})
    train(run)
    assert [event["step"] for event in events(run, "checkpoint")] == [5, 10, 15]
    kept = list_checkpoints(study / "trials" / "0000" / "checkpoints")
    assert [checkpoint.step for checkpoint in kept] == [15, 10]
    state = torch.load(kept[0].path / "state.pt", weights_only=True)
    assert set(state) >= {"model", "optimizer", "step", "rng"}


def test_a_prompt_of_unknown_characters_is_said(study: Path) -> None:
    run = attempt(study, {"prompt": "éa", "steps": 3})
    train(run)
    assert "'é'" in events(run, "warning")[0]["message"]
    assert (study / "trials" / "0000" / "artifacts" / "sample.txt").read_text().startswith("a")


def test_kills_while_checkpoints_are_written_cost_no_bit(study: Path) -> None:
    settings = {"checkpoint_every": 1, "steps": 60, "model_dim": 64, "sample_chars": 0}
    undisturbed = attempt(study, settings, number=0)
    train(undisturbed)
    checkpoints = study / "trials" / "0001" / "checkpoints"
    parts, caught = {}, 0
    for number in (1, 2):
        run = attempt(study, settings, number=1, attempt=number)
        with start(run) as process:
            until(lambda run=run: len(events(run, "metrics")) > 3)
            until(lambda: any(checkpoints.glob(".tmp-*/state.pt")))
            process.kill()
        caught += any(checkpoints.glob(".tmp-*"))
        newest = list_checkpoints(checkpoints)[0]
        assert find_damage(newest) == ""
        # What was recorded beyond the checkpoint is trained, and recorded, again.
        parts |= {step: values for step, values in curve(run).items() if step <= newest.step}
    last = attempt(study, settings, number=1, attempt=3)
    assert work(last)["status"] == "complete"
    assert {**parts, **curve(last)} == curve(undisturbed)
    assert caught >= 1


def test_a_truncated_checkpoint_costs_steps_but_no_bit(study: Path) -> None:
    undisturbed = attempt(study, number=0)
    train(undisturbed)
    first = attempt(study, {"checkpoint_every": 3}, number=1)
    train(first, lambda trial: trial.reports >= 8)
    newest = list_checkpoints(study / "trials" / "0001" / "checkpoints")[0]
    assert newest.step == 8
    with (newest.path / "state.pt").open("r+b") as file:
        file.truncate(1000)
    second = attempt(study, number=1, attempt=2)
    train(second)
    assert min(curve(second)) == 7
    assert {**curve(first), **curve(second)} == curve(undisturbed)
    assert "is damaged" in events(second, "warning")[0]["message"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("mixed", [False, True])
def test_a_resumed_run_repeats_every_bit_on_a_gpu(study: Path, mixed: bool) -> None:
    settings = {"mixed_precision": mixed, "model_dim": 64, "max_seq_len": 64}
    whole, first, second = (
        attempt(study, settings, number=number, attempt=n, device="cuda") for number, n in ((0, 1), (1, 1), (1, 2))
    )
    train(whole)
    train(first, lambda trial: trial.reports >= 6)
    train(second)
    assert {**curve(first), **curve(second)} == curve(whole)
    assert effective(whole)["device"] == torch.cuda.get_device_name()
