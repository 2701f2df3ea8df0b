"""The real studies and their twins as files: what each document asks for, and that a twin is the same but smaller."""

from __future__ import annotations

import json

import pytest

from hptui import studyfile
from hptui.core.errors import NotAvailable
from hptui.core.planned_trials import PrepareRequest
from hptui.core.space import Choice
from hptui.core.study import Study
from hptui.operations.check import check
from hptui.trainers.settings import build
from hptui.trainers.sft.prepare import prepare
from hptui.trainers.sft.settings import SftSettings
from tests.support import hptui
from tests.twins.kit import PAIRS, STUDIES


def study(name: str) -> Study:
    return studyfile.read_file(STUDIES / f"{name}.toml")


def shape(one: Study) -> dict[str, object]:
    """All of a study that a twin must keep."""
    spaces = [one.space, *(stage.space for stage in one.stages if stage.space is not None)]
    return {
        "objectives": [(o.metric, o.goal, o.select, o.samples) for o in one.objectives],
        "sampler": one.search.sampler,
        "trials": one.search.trials,
        "constraints": [c.text for c in one.space.constraints],
        "parameters": [
            (p.name, type(p).__name__, len(p.choices) if isinstance(p, Choice) else p.log)
            for space in spaces
            for p in space.parameters
        ],
        "stages": [(s.name, s.sampler, s.trials, s.best, sorted(s.set)) for s in one.stages],
        "listed": [(t.name, t.title, t.note, sorted(t.set)) for t in one.trials],
        "presets": [(p.name, sorted(p.set)) for p in one.presets],
        "columns": dict(one.report.columns),
        "style": one.report.style,
        "stop": [rule.after for rule in one.search.stop],
        "kind": one.trainer.kind,
    }


@pytest.mark.parametrize("name", PAIRS)
def test_a_twin_keeps_the_shape_of_its_study(name):
    assert shape(study(f"{name}_small")) == shape(study(name))


@pytest.mark.parametrize("name", [name for name in PAIRS if name != "charlm_days"])
def test_a_real_study_is_right_but_for_what_is_not_on_this_machine(name):
    one = study(name)
    checked = check(STUDIES / f"{name}.toml")
    assert checked.warnings == ()
    with pytest.raises(NotAvailable) as caught:
        prepare(PrepareRequest(one.trainer.settings), STUDIES, STUDIES / "nowhere")
    assert f"model: there is no directory {one.trainer.settings['model']}" in str(caught.value)
    assert "no connection" in str(caught.value)
    assert f"train: there is no file or directory {STUDIES / str(one.trainer.settings['train'])}" in str(caught.value)


def test_check_says_plainly_what_it_could_not_look_at(tmp_path):
    done = hptui(tmp_path, "check", str(STUDIES / "tinyllama_table.toml"))
    assert done.returncode == 0, done.stderr
    assert "not everything could be looked at" in done.stderr
    assert "TinyLlama/TinyLlama-1.1B-Chat-v1.0" in done.stderr
    assert "is right, with one warning" in done.stderr


def test_a_look_at_a_twin_does_not_make_its_model(tmp_path, monkeypatch):
    monkeypatch.setenv("HPTUI_CACHE", str(tmp_path / "cache"))
    done = hptui(tmp_path, "check", str(STUDIES / "math_sft_tpe_small.toml"))
    assert done.returncode == 0, done.stderr
    assert "hptui:small-qwen2 is made by the first study that needs it" in done.stderr
    assert not (tmp_path / "cache" / "models").exists()


# what each document asks for ------------------------------------------------------------------------------------


def test_math_is_fifteen_trials_of_200_steps_judged_on_200_samples():
    for name in ("math_sft_tpe", "math_sft_tpe_small"):
        one = study(name)
        settings = build(SftSettings, one.trainer.settings)
        assert (one.search.sampler, one.search.trials) == ("tpe", 15)
        assert (settings.steps, settings.generate_samples, settings.eval_samples) == (200, 200, 200)
        assert settings.answer_format == "think"
        assert settings.prompt_template.endswith("<think>")
        assert settings.completion_template.endswith("</think> <answer> {answer} </answer>")
        assert 0 < settings.generate_every < settings.steps, "generation metrics at a cadence"
    rate, batch = study("math_sft_tpe").space.parameters
    assert (rate.name, rate.low, rate.high, rate.log) == ("learning_rate", 5e-6, 1e-4, True)
    assert (batch.name, list(batch.choices)) == ("effective_batch_size", [128, 256, 512, 1024])


def test_days_are_stages_and_patterns_are_presets():
    one = study("charlm_days")
    assert [stage.name for stage in one.stages] == [
        "day1-baseline",
        "day2-learning-rate",
        "day3-size",
        "day4-final",
    ]
    (rates,) = one.space.parameters
    assert list(rates.choices) == [0.0001, 0.0005, 0.001, 0.005, 0.01]
    assert [stage.set.get("epochs") for stage in one.stages] == [None, 10, 20, 50]
    assert [preset.name for preset in one.presets] == ["small-data", "large-data", "limited-compute", "best-quality"]
    assert one.presets[3].set["warmup_steps"] == 2000
    assert one.metrics["perplexity"].bands == {"excellent": 3, "good": 10, "decent": 30, "weak": 100}


def test_the_coder_has_every_setting_of_its_document():
    settings = build(SftSettings, study("qwen_coder_lora").trainer.settings)
    assert (settings.lora_rank, settings.lora_alpha, settings.lora_dropout, settings.lora_bias) == (32, 64, 0.1, "none")
    assert len(settings.lora_target) == 7
    assert (settings.optimizer, settings.learning_rate, settings.weight_decay) == ("adamw_fused", 2e-4, 0.01)
    assert (settings.beta1, settings.beta2, settings.epsilon, settings.max_grad_norm) == (0.9, 0.999, 1e-8, 1.0)
    assert (settings.lr_schedule, settings.warmup_ratio) == ("cosine", 0.03)
    assert (settings.batch_size, settings.accumulation, settings.epochs) == (4, 4, 3)
    assert (settings.max_length, settings.padding, settings.attention) == (1024, "max_length", "eager")
    assert (settings.log_every, settings.eval_every, settings.save_every) == (20, 100, 100)
    assert (settings.early_stopping, settings.patience, settings.early_stopping_metric) == (True, 2, "eval_loss")
    assert (settings.dtype, settings.gradient_checkpointing, settings.load_best) == ("bfloat16", True, True)
    assert (settings.split_column, settings.validation_split) == ("split", "valid")
    alternatives = {trial.name: trial.set for trial in study("qwen_coder_lora").trials}
    assert alternatives["higher-capacity"]["lora_rank"] == 64
    assert alternatives["reasoning"]["max_length"] == 8192
    assert alternatives["faster"]["attention"] == "flash_attention_2"


def test_the_director_has_its_product_constraint_and_its_baseline_lies_in_the_space():
    one = study("director_ax")
    assert (one.search.sampler, one.search.trials, one.search.baseline) == ("ax", 20, True)
    assert [c.text for c in one.space.constraints] == ["lora_rank * batch_size <= 128"]
    assert all(p.contains(one.trainer.settings[p.name]) for p in one.space.parameters)
    (rate,) = [p for p in one.space.parameters if p.name == "learning_rate"]
    assert rate.log
    (accumulation,) = one.space.derived
    assert [accumulation.expr.evaluate({"batch_size": n}) for n in (1, 2, 4)] == [4, 2, 1]
    assert "no scale" in (STUDIES / "director_ax.toml").read_text()
    assert one.reference is not None
    assert (one.reference.value, one.reference.metric) == (0.6097, "train_loss")


def test_the_directors_variants():
    assert [o.metric for o in study("director_ax_pareto").objectives] == ["eval_loss", "inference_time"]
    (rule,) = study("director_ax_threshold").search.stop
    assert (rule.when.text, rule.after) == ("train_loss > 0.7", 0.1)


def test_the_table_has_seven_experiments_each_with_one_change():
    one = study("tinyllama_table")
    assert one.search.baseline
    assert one.search.evaluate_base
    base = one.trainer.settings
    changed = [sorted(name for name, value in trial.set.items() if base[name] != value) for trial in one.trials]
    rank = ["lora_alpha", "lora_rank"]
    assert changed == [["learning_rate"], ["learning_rate"], ["batch_size"], rank, rank, ["epochs"]]
    assert all(trial.note for trial in one.trials)
    assert list(one.report.columns.values()) == [
        *("Experiment", "Learning Rate", "Batch Size", "LoRA r", "LoRA α", "Epochs", "Perplexity", "BLEU", "ROUGE-L"),
        *("Training Time", "GPU Memory", "Host Memory", "Notes"),
    ]
    assert json.loads(json.dumps(dict(one.presets[0].set))) == {"adapter": "lora"}
