"""How a fine-tuning ends: early, at its best, out of memory, without numbers; and what it leaves."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from hptui.core.answers import decode_right
from hptui.trainers import worker
from hptui.trainers.settings import build
from hptui.trainers.sft import learner
from hptui.trainers.sft.metrics import reported_metrics
from hptui.trainers.sft.settings import SftSettings
from tests.trainers.attempts import events, make
from tests.trainers.sft.tiny import TINY, attempt, points, told, train


def end(folder: Path, settings: dict[str, Any], **over: Any) -> tuple[dict[str, Any], Any]:
    """The end event of an attempt that a worker carried out in this process."""
    run = attempt(folder, settings, **over)
    assert worker.main(str(run.root)) == 0
    return events(run)[-1], run


WORSE = {"adapter": "none", "learning_rate": 2e-2, "lr_schedule": "constant", "steps": 40, "eval_every": 4}


def test_early_stopping_ends_after_its_patience_and_the_best_weights_count(study: Path) -> None:
    last, run = end(study, {**WORSE, "early_stopping": True, "patience": 2, "load_best": True, "save_model": "best"})
    losses = points(run, "eval_loss")
    best = min(losses, key=lambda step: losses[step])
    stopped = max(losses)
    assert (last["status"], last["reason"]) == ("complete", "early_stop")
    assert stopped == best + 8 < 40
    assert f"of step {best} in 2 evaluations" in last["message"]
    facts = told(run, "facts")
    assert (facts["best_step"], facts["steps_actual"], facts["steps_planned"]) == (best, stopped, 40)
    assert facts["stopped_at_step"] == stopped
    assert told(run, "effective")["steps"] == stopped
    assert last["m"]["eval_loss"] == pytest.approx(losses[best], rel=1e-6) != losses[stopped]
    assert not list((study / "trials" / "0000" / "best").glob("*"))
    card = (study / "trials" / "0000" / "artifacts" / "model" / "README.md").read_text()
    assert f"those of step {best}, the best evaluation" in card


def test_the_best_weights_outlive_an_interruption(study: Path) -> None:
    settings = {**WORSE, "steps": 24, "load_best": True, "save_every": 4}
    whole = attempt(study, settings)
    train(whole)
    best = told(whole, "facts")["best_step"]
    seen: list[int] = []
    train(attempt(study, settings, number=1), lambda trial: len(seen) > best + 5 or bool(seen.append(1)))
    rest = make(study, "sft", {**TINY, **settings}, number=1, attempt=2, objectives=["eval_loss"])
    found = train(rest)
    assert told(rest, "facts")["best_step"] == best < 20
    assert found["eval_loss"] == told(whole, "facts")["best_eval_loss"]


def test_no_numbers_is_a_reason_of_its_own(study: Path) -> None:
    last, run = end(
        study, {"adapter": "none", "learning_rate": 1e30, "optimizer": "sgd", "max_grad_norm": 0, "steps": 30}
    )
    assert (last["status"], last["reason"]) == ("failed", "nan")
    assert "with a learning rate of" in last["message"]
    assert max(points(run, "learning_rate")) < 30


def test_out_of_memory_names_its_place_and_the_settings_behind_it(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def update(self: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            torch.empty(1 << 60)
        yield from original(self)

    original = learner.Learner.update
    monkeypatch.setattr(learner.Learner, "update", update)
    last, _ = end(study, {"batch_size": 7})
    assert (last["status"], last["reason"]) == ("failed", "host_oom")
    assert last["message"].startswith("out of memory in step 3: peak ")
    assert "with batch_size=7, max_length=64, adapter=lora, gradient_checkpointing=False" in last["message"]
    monkeypatch.setattr(
        learner.Learner, "update", lambda self: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory"))
    )
    last, _ = end(study, {}, number=1)
    assert (last["status"], last["reason"]) == ("failed", "oom")


def test_the_base_model_is_only_measured(study: Path) -> None:
    last, run = end(study, {"generate_samples": 4, "max_new_tokens": 4}, role="base")
    assert (last["status"], last["reason"]) == ("complete", "finished")
    assert list(points(run, "eval_loss")) == [0]
    assert last["m"]["perplexity"] == pytest.approx(math.exp(last["m"]["eval_loss"]))
    assert "exact_match" in last["m"]
    assert told(run, "facts")["parameters_trainable"] == 0
    right = decode_right(told(run, "facts")["generation_right"]["exact_match"])
    assert len(right) == 4
    assert sum(right) == 4 * last["m"]["exact_match"]
    assert len(told(run, "facts")["generation_questions"]) == 16
    answers = (study / "trials" / "0000" / "artifacts" / "generations.jsonl").read_text().splitlines()
    assert len(answers) == 4
    assert json.loads(answers[0])["prompt"].startswith("what is the sum of")


def test_answers_are_taken_at_a_cadence_and_at_the_end(study: Path) -> None:
    run = attempt(
        study, {"generate_samples": 3, "generate_every": 4, "max_new_tokens": 4, "steps": 9, "loss_on": "all"}
    )
    found = train(run)
    assert told(run, "effective")["generate_samples"] == 3
    assert list(points(run, "exact_match")) == [4, 8, 9]
    assert points(run, "exact_match:n") == {4: 3, 8: 3, 9: 3}
    assert found["generated_tokens"] <= 4
    names = sorted(path.name for path in (study / "trials" / "0000" / "artifacts").iterdir())
    assert names == ["generations-00000004.jsonl", "generations-00000008.jsonl", "generations.jsonl"]


def test_what_was_really_used_is_recorded(study: Path) -> None:
    settings = {"effective_batch_size": 10, "batch_size": 4, "warmup_ratio": 0.25, "lr_schedule": "cosine", "steps": 8}
    asked = {"attention": "flash_attention_2", "mixed_precision": "fp16", "train_samples": 20, "eval_samples": 5}
    run = attempt(study, {**settings, **asked})
    train(run)
    used = told(run, "effective")
    assert (used["gradient_accumulation"], used["effective_batch_size"], used["warmup_steps"]) == (2, 8, 2)
    assert (used["train_samples"], used["eval_samples"], used["steps"], used["epochs"]) == (20, 5, 8, 2.6667)
    assert (used["attention"], used["mixed_precision"], used["dtype"]) == ("sdpa", "none", "float32")
    assert (used["learning_rate"], used["seed"]) == (0.01, 0)
    assert used["final_learning_rate"] == pytest.approx(points(run, "learning_rate")[8])
    warnings = " ".join(event["message"] for event in events(run, "warning"))
    assert "effective_batch_size=10 is no multiple of batch_size=4: 8 is used" in warnings
    assert "flash_attention_2" in warnings
    facts = told(run, "facts")
    assert (facts["parameters"], facts["parameters_trainable"]) == (43168 - 576, 4096)
    assert facts["parameters_trainable_percent"] == pytest.approx(100 * 4096 / 42592, abs=1e-4)
    for part in ("model", "optimizer", "gradients", "activations"):
        assert facts[f"memory_{part}_gb"] > 0
    assert facts["memory_optimizer_gb"] == pytest.approx(2 * 4096 * 4 / 2**30, rel=0.05)
    assert facts["memory_capacity_gb"] > 1


def test_fractions_of_an_epoch_and_its_cost(study: Path) -> None:
    run = attempt(study, {"steps": 0, "epochs": 1.5, "eval_every": 0})
    found = train(run)
    assert told(run, "facts")["steps_per_epoch"] == 8
    assert list(points(run, "eval_loss")) == [8, 12]
    assert found["seconds_per_1000_examples"] == pytest.approx(1000 * found["seconds_per_epoch"] / 30, rel=0.05)
    assert found["tokens_per_second"] > 0
    assert found["host_memory_gb"] > 0.1


@pytest.mark.parametrize("optimizer", ["adamw", "adamw_fused", "adamw_8bit", "adam", "sgd", "adafactor"])
def test_every_optimizer_lowers_the_loss(study: Path, optimizer: str) -> None:
    rate = {"sgd": 0.3, "adafactor": 0.05}.get(optimizer, 1e-2)
    run = attempt(study, {"optimizer": optimizer, "adapter": "none", "learning_rate": rate, "steps": 16})
    train(run)
    losses = points(run, "train_loss")
    assert losses[16] < 0.8 * losses[1]


def test_the_test_set_is_measured_at_the_end(study: Path) -> None:
    told_ = {"validation": "", "validation_fraction": 0.2, "test_fraction": 0.2, "deterministic": True}
    answered = {"generate_samples": 50, "max_new_tokens": 2, "generate_metrics": ["accuracy", "bleu"]}
    run = attempt(study, {**told_, **answered})
    found = train(run)
    assert told(run, "effective")["generate_samples"] == 6, "there are no more"
    reported = {name for event in events(run, "metrics") for name in event["m"] if not name.endswith((":k", ":n"))}
    on_a_gpu = {"gpu_allocated_gb", "gpu_reserved_gb", "mfu"}
    known = reported_metrics(build(SftSettings, {**TINY, **told_, **answered}), tested=True)
    assert reported == set(known) - on_a_gpu, "what a preparation knows to be measured"
    assert list(points(run, "test_loss")) == [8]
    assert found["test_perplexity"] == pytest.approx(math.exp(found["test_loss"]))
    assert told(run, "effective")["deterministic"] is True
    sizes = [told(run, "facts")[f"{name}_examples"] for name in ("train", "validation", "test")]
    assert sizes == [18, 6, 6]


def test_without_validation_an_objective_on_it_is_refused(study: Path) -> None:
    last, _ = end(study, {"validation": "", "validation_fraction": 0.0})
    assert (last["status"], last["reason"]) == ("failed", "usage")
    assert "eval_loss needs validation examples" in last["message"]
    last, run = end(study, {"validation": "", "validation_fraction": 0.0}, objectives=["train_loss"], number=1)
    assert last["status"] == "complete"
    assert not points(run, "eval_loss")


def test_a_few_steps_can_be_tried(study: Path) -> None:
    answers = {"generate_samples": 5, "generate_batch_size": 2, "max_new_tokens": 3}
    last, run = end(study, {**answers, "save_model": "last"}, try_steps=3)
    assert (last["status"], list(points(run, "train_loss"))) == ("complete", [1, 2, 3])
    assert list(points(run, "eval_loss")) == [3]
    assert events(run, "checkpoint")[0]["bytes"] > 0
    written = [path.name for path in (study / "trials" / "0000" / "artifacts").iterdir()]
    assert written == ["generations.jsonl"], "no model is saved"
    rows = [json.loads(row) for row in (study / "trials/0000/artifacts/generations.jsonl").read_text().splitlines()]
    lengths = [len(row["prompt"]) for row in rows]
    held_out = [json.loads(row) for row in (study / "validation.jsonl").read_text().splitlines()]
    longest = sorted((len(row["prompt"]) for row in held_out), reverse=True)
    assert lengths == longest[:2], "one batch of the longest prompts, for its memory"


def test_plain_texts_are_split_and_packed(study: Path) -> None:
    texts = study / "texts"
    texts.mkdir()
    for n in range(6):
        (texts / f"{n}.txt").write_text(" ".join(["one two three", "four five six"][n % 2] for _ in range(20 + n)))
    told_ = {"train": "texts", "validation": "", "validation_fraction": 0.2, "too_long": "split", "packing": True}
    run = attempt(study, {**told_, "adapter": "none", "max_length": 32, "steps": 12})
    train(run)
    losses, facts = points(run, "train_loss"), told(run, "facts")
    assert losses[12] < 0.6 * losses[1]
    assert facts["train_examples"] > 5 == len(list(texts.iterdir())) - 1
    assert facts["train_learnt_tokens"] == facts["train_tokens"]
    assert facts["rows_per_epoch"] < facts["train_examples"]


ANSWERED = {"generate_samples": 4, "max_new_tokens": 4, "generate_batch_size": 1, "loss_on": "all", "adapter": "none"}


@pytest.mark.parametrize("load_best", [False, True])
def test_a_trial_stopped_in_its_last_answers_resumes_to_the_same_end(study: Path, load_best: bool) -> None:
    settings = {**WORSE, **ANSWERED, "steps": 12, "load_best": load_best, "save_model": "last"}
    whole = attempt(study, settings)
    expected = train(whole)

    def stop(trial: Any) -> bool:
        if not phases:
            tell = trial.phase
            phases.append("")
            trial.phase = lambda name, **more: bool(phases.append(name)) or tell(name, **more)
        return phases[-1] == "generate" and bool(looks.append(1) or len(looks) > 2)

    looks: list[int] = []
    phases: list[str] = []
    first = attempt(study, settings, number=1)
    train(first, stop)
    assert len(looks) > 2
    assert not (study / "trials" / "0001" / "artifacts" / "model").exists()
    rest = make(study, "sft", {**TINY, **settings}, number=1, attempt=2, objectives=["eval_loss"])
    found = train(rest)
    lasting = {"eval_loss", "perplexity", "train_loss", "exact_match", "exact_match:k", "bleu", "generated_tokens"}
    assert {name: found.get(name) for name in lasting} == {name: expected.get(name) for name in lasting}
    assert found["eval_loss"] == (
        told(whole, "facts")["best_eval_loss"] if load_best else points(whole, "eval_loss")[12]
    )
    for name in ("train_loss", "eval_loss", "exact_match"):
        assert points(first, name) | points(rest, name) == points(whole, name)
    assert (study / "trials" / "0001" / "artifacts" / "model" / "README.md").is_file()


def test_answers_can_be_what_is_judged_and_the_last_ones_are(study: Path) -> None:
    judged = {"early_stopping_metric": "generated_tokens", "generate_every": 4, "early_stopping_goal": "maximize"}
    run = attempt(study, {**WORSE, **ANSWERED, **judged, "steps": 10, "load_best": True, "max_new_tokens": 12})
    found = train(run)
    lengths, facts = points(run, "generated_tokens"), told(run, "facts")
    assert list(lengths) == [4, 8, 10]
    best = max(lengths, key=lambda step: lengths[step])
    assert facts["weights_of_step"] == facts["best_step"] == best
    assert found["generated_tokens"] == lengths[best]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"early_stopping": True, "early_stopping_metric": "eval_los"}, "no evaluation measures 'eval_los'"),
        ({"load_best": True, "early_stopping_metric": "train_loss"}, "no evaluation measures 'train_loss'"),
        ({"save_model": "best", "early_stopping_metric": "bleu", "generate_samples": 2}, "none are taken during"),
        ({"early_stopping": True, "validation": "", "validation_fraction": 0.0}, "needs validation examples"),
        ({"dtype": "float16", "adapter": "none"}, "loses the small changes"),
        ({"generate_samples": 2, "text_field": "prompt"}, "no validation examples with a prompt"),
        ({"generate_samples": 2, "custom_metrics": ["mine.py:bad"]}, "'mine.py:bad' raised ValueError: my own mistake"),
    ],
)
def test_what_could_never_come_about_is_refused_before_the_first_step(
    study: Path, settings: dict[str, Any], said: str
) -> None:
    (study / "mine.py").write_text("def bad(predictions):\n    raise ValueError('my own mistake')\n")
    last, run = end(study, settings, objectives=["train_loss"])
    assert (last["status"], last["reason"]) == ("failed", "usage")
    assert said in last["message"]
    assert not events(run, "metrics")


def test_what_a_trial_saw_is_counted(study: Path) -> None:
    """Distinct examples, and those of every epoch, however the training ends and whatever is in a row."""
    train(attempt(study, {"steps": 1}, number=9))  # compares the first batch with peft's, once for all
    for number, (packing, steps, asked) in enumerate([(False, 11, 0), (True, 5, 0), (False, 11, 3), (True, 7, 4)]):
        settings = {"train_samples": 14, "packing": packing, "steps": steps, "batch_size": 4, "max_length": 64}
        run, batches = attempt(study, settings, number=number), list[Any]()
        original = learner.TokenRows.batch

        def batch(self: Any, indices: Any, made: list[Any] = batches, original: Any = original) -> Any:
            whole = original(self, indices)
            made.append((self, sum(len(self.rows[n]) for n in indices), whole.tokens))
            return whole

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(learner.TokenRows, "batch", batch)
            train(run, lambda trial, asked=asked: bool(asked) and trial.reports >= asked)
        facts = told(run, "facts")
        seen = [(examples, tokens) for rows, examples, tokens in batches if sum(map(len, rows.rows)) == 14]
        assert facts["examples_trained_on"] == 14 < facts["train_examples"]
        assert facts["examples_seen"] == sum(examples for examples, _ in seen) > 0
        assert facts["tokens_seen"] == sum(tokens for _, tokens in seen)
        assert bool(asked) == ("steps_actual" not in facts)
