import json
import subprocess
import sys

import pytest
import torch

from hptui.core.errors import UserError
from hptui.core.format import Proportion
from hptui.trainers.evals import GenerationOptions, Interrupted, run_evaluation
from hptui.trainers.evals.generate import generate
from tests.trainers.evals import tiny

PROMPTS = ["Return", "The quick brown fox jumps over", "Split the path", "a", ""]


@pytest.fixture(scope="module")
def net():
    return tiny.model()


def by_hand(net, prompt, limit):
    """Greedy decoding one token at a time, without cache, padding or batch."""
    ids = tiny.tokenizer()(prompt)["input_ids"] or [0]
    start = len(ids)
    with torch.no_grad():
        while len(ids) - start < limit:
            ids.append(int(net(torch.tensor([ids])).logits[0, -1].argmax()))
            if ids[-1] == 1:
                break
    return tiny.tokenizer().decode(ids[start:], skip_special_tokens=True), len(ids) - start


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_batches_write_what_each_prompt_gets_alone(net, batch):
    options = GenerationOptions(max_new_tokens=12, batch_size=batch)
    written, timing = generate(net, tiny.tokenizer(), PROMPTS, options, "cpu")
    assert [(item.text, item.tokens) for item in written] == [by_hand(net, prompt, 12) for prompt in PROMPTS]
    assert timing.tokens == sum(item.tokens for item in written)
    assert sum(timing.batches) == 5
    assert timing.seconds > 0


def test_prompts_may_be_tokens(net):
    options = GenerationOptions(max_new_tokens=8)
    ids = [tiny.tokenizer()(prompt)["input_ids"] for prompt in PROMPTS]
    assert (
        generate(net, tiny.tokenizer(), ids, options, "cpu")[0]
        == generate(net, tiny.tokenizer(), PROMPTS, options, "cpu")[0]
    )


def test_a_models_own_taste_for_sampling_is_not_followed(net):
    options = GenerationOptions(max_new_tokens=8)
    plain = generate(net, tiny.tokenizer(), PROMPTS, options, "cpu")[0]
    before = net.generation_config.to_dict()
    try:
        net.generation_config.do_sample, net.generation_config.temperature = True, 5.0
        net.generation_config.repetition_penalty, net.generation_config.no_repeat_ngram_size = 3.0, 1
        assert generate(net, tiny.tokenizer(), PROMPTS, options, "cpu")[0] == plain
    finally:
        net.generation_config.update(**before)


def test_ends_by_end_token_stop_string_and_limit():
    net = tiny.model()
    tiny.memorise(net, ["Return the sum of a and b.", "Split the path # end"])
    prompts = ["Return the", "Split the"]
    ended, _ = generate(net, tiny.tokenizer(), prompts, GenerationOptions(max_new_tokens=30), "cpu")
    assert [(item.text, item.finish) for item in ended] == [(" sum of a and b.", "eos"), (" path # end", "eos")]
    stopped, _ = generate(net, tiny.tokenizer(), prompts, GenerationOptions(max_new_tokens=30, stop=("#", "um")), "cpu")
    assert [(item.text, item.finish) for item in stopped] == [(" s", "stop"), (" path ", "stop")]
    assert all(short.tokens < long.tokens for short, long in zip(stopped, ended, strict=True))
    cut, _ = generate(net, tiny.tokenizer(), prompts, GenerationOptions(max_new_tokens=2), "cpu")
    assert [(item.tokens, item.finish) for item in cut] == [(2, "limit"), (2, "limit")]


def test_the_end_of_an_answer_ends_the_text_and_stays_in_it():
    net = tiny.model()
    tiny.memorise(net, ["The sum </think> <answer> 42 </answer> over the lazy dog"], steps=40)
    options = GenerationOptions(metrics=("accuracy",), answer_format="think", max_new_tokens=60)
    result = run_evaluation(net, tiny.tokenizer(), ["The sum"], ["42"], options, "cpu")
    (row,) = result.rows
    assert row["output"] == " </think> <answer> 42 </answer>"
    assert (row["finish"], row["category"], row["answer"], row["expected"]) == ("stop", "correct", "42", "42")
    assert result.metrics["accuracy"] == Proportion(1, 1)


def test_a_prompt_too_long_for_the_model_loses_its_beginning(net):
    options = GenerationOptions(max_new_tokens=100)
    prompts = ["Return the sum of a and b. " * 20, "a"]
    written, timing = generate(net, tiny.tokenizer(), prompts, options, "cpu")
    assert timing.cut_prompts == 1
    ids = tiny.tokenizer()(prompts[0])["input_ids"][-28:]
    assert written[0] == generate(net, tiny.tokenizer(), [ids], options, "cpu")[0][0]


def test_everything_that_is_measured(net, tmp_path):
    (tmp_path / "mine.py").write_text("def shorter(predictions, references): return [False] * len(predictions)")
    options = GenerationOptions(
        metrics=("accuracy", "exact_match", "bleu", "rouge"),
        max_new_tokens=6,
        batch_size=2,
        custom=("mine.py:shorter",),
        directory=str(tmp_path),
    )
    references = [by_hand(net, "Return", 6)[0], "x", "y", "z", "w"]
    net.train()
    result = run_evaluation(net, tiny.tokenizer(), PROMPTS, references, options, "cpu")
    assert net.training, "a model comes back as it went in"
    assert set(result.metrics) == {
        *("accuracy", "wrong_answer", "format_failure", "exact_match", "bleu", "rouge1", "rouge2", "rougeL"),
        *("generated_tokens", "inference_time", "shorter"),
    }
    for name in ("accuracy", "exact_match"):
        assert (result.metrics[name].k, result.metrics[name].n) == (1, 5)
    assert result.metrics["generated_tokens"] == sum(row["tokens"] for row in result.rows) / 5
    inference = result.facts["inference"]
    assert inference["batch"] == 2
    assert inference["batches"] == 3
    assert inference["warmup"].startswith("4 tokens")
    tokens = sum(row["tokens"] for row in result.rows)
    assert result.metrics["inference_time"] == inference["seconds"] / tokens
    assert set(result.facts["intervals"]) == {"bleu", "rouge1", "rouge2", "rougeL"}
    assert json.loads(json.dumps([result.rows, result.facts])) == [result.rows, result.facts]


def test_a_metric_of_ones_own_cannot_take_the_name_of_another(net, tmp_path):
    (tmp_path / "mine.py").write_text("def exact_match(predictions): return 1")
    options = GenerationOptions(custom=("mine.py:exact_match",), directory=str(tmp_path), max_new_tokens=1)
    with pytest.raises(UserError, match="exact_match"):
        run_evaluation(net, tiny.tokenizer(), ["a"], ["b"], options, "cpu")


def test_nothing_to_evaluate(net):
    with pytest.raises(UserError, match="0 prompts"):
        run_evaluation(net, tiny.tokenizer(), [], [], GenerationOptions(), "cpu")


def test_an_evaluation_can_be_interrupted_between_batches(net):
    calls = iter([True, False])
    with pytest.raises(Interrupted):
        run_evaluation(
            net,
            tiny.tokenizer(),
            PROMPTS,
            PROMPTS,
            GenerationOptions(batch_size=2, max_new_tokens=1),
            "cpu",
            lambda: next(calls),
        )


def test_options_are_free_of_torch():
    code = "import sys, hptui.trainers.evals; print({'torch', 'transformers', 'sacrebleu'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_a_prompt_does_not_end_where_the_tokenizer_ends_every_text() -> None:
    from tokenizers.processors import TemplateProcessing

    from hptui.trainers.evals.generate import _encode
    from tests.trainers.sft.tiny import model, tokenizer

    ending = tokenizer.__wrapped__()
    end = ending.eos_token_id
    ending.backend_tokenizer.post_processor = TemplateProcessing(single="$A <end>", special_tokens=[("<end>", end)])
    assert ending("one")["input_ids"][-1] == end
    ids, _ = _encode(model(), ending, ["one"], GenerationOptions())
    assert ids == [tokenizer()("one")["input_ids"]]
