"""Teaching a base model to think, then answer: the twin cut down, run for real."""

from __future__ import annotations

import json

import pytest

from hptui.core.answers import decode_right
from hptui.results.analysis.significance import wilson_interval
from hptui.store.reader import StoreReader
from tests.twins.kit import cut


@pytest.fixture(scope="module")
def ran(ran_once, tmp_path_factory):
    """Two trials that differ in the batch alone, and one whose learning rate is too small to teach the format."""
    path = cut(
        "math_sft_tpe_small",
        tmp_path_factory.mktemp("math"),
        trials=0,
        sampler='"list"',
        steps=100,
        eval_every=50,
        eval_samples=60,
        generate_samples=60,
        generate_every=50,
        learning_rate="6e-3",
    )
    text = path.read_text()
    head, _, rest = text.partition("[space]")
    text = head + "[search]" + rest.partition("[search]")[2].replace("trials        = 0\n", "")
    for name, batch, rate in (("small", 4, 6e-3), ("large", 16, 6e-3), ("slow", 4, 3e-4)):
        given = f"effective_batch_size = {batch}, batch_size = {batch}, learning_rate = {rate}"
        text += f'\n[[trial]]\nname = "{name}"\nset = {{ {given} }}\n'
    path.write_text(text)
    return ran_once(path)


def test_the_batch_acts_and_every_sample_is_in_one_of_three_categories(ran):
    assert {trial.status.value for trial in ran.trials} == {"complete"}
    with StoreReader.open(ran.sd) as reader:
        curves = {t.name: [value for _, value, _ in reader.curve(t.number, "train_loss")] for t in ran.trials}
    assert curves["small"] != curves["large"], "the same learning rate, another batch: another curve"
    seen = set()
    for trial in ran.trials:
        counts = {name: trial.metrics[f"{name}:k"] for name in ("accuracy", "wrong_answer", "format_failure")}
        assert sum(counts.values()) == trial.metrics["accuracy:n"] == 60
        seen |= {name for name, count in counts.items() if count}
        assert sum(trial.facts["generation_causes"].values()) == 60 - counts["accuracy"]
    assert seen >= {"wrong_answer", "format_failure"}


def test_fine_tuning_is_better_than_the_base_model_beyond_chance(ran):
    base, tuned = ran.base, ran.named("large")
    assert base.metrics["format_failure"] == 1.0
    assert sum(base.facts["generation_causes"].values()) == 60
    before, after = (wilson_interval(int(one.metrics["format_failure:k"]), 60) for one in (base, tuned))
    assert after.high < before.low, f"format failures of the base {before}, tuned {after}"
    assert tuned.metrics["perplexity"] < base.metrics["perplexity"] / 3
    with StoreReader.open(ran.sd) as reader:
        steps = [step for step, _, _ in reader.curve(tuned.number, "format_failure")]
    assert steps == [50, 100], "generation metrics at a cadence"


def test_what_was_answered_is_kept(ran):
    tuned = ran.named("large")
    lines = (ran.sd.artifacts(tuned.number) / "generations.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 60
    assert all(row["prompt"].endswith("<think>") for row in rows)
    correct = sum(row["category"] == "correct" for row in rows)
    assert correct == tuned.metrics["accuracy:k"]
    assert decode_right(tuned.facts["generation_right"]["accuracy"]) == tuple(r["category"] == "correct" for r in rows)
    assert all(row["output"].endswith("</answer>") for row in rows if row["finish"] == "stop")
