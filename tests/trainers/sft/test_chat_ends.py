"""One idea of where an answer ends: what the chat template writes is what training learns and generation stops at."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hptui.trainers.data import pipeline
from hptui.trainers.data.endings import AnswerEnds, without_end
from hptui.trainers.evals.options import GenerationOptions
from hptui.trainers.evals.stopping import AnswerText
from hptui.trainers.settings import build
from hptui.trainers.sft.endings import ending_warnings
from hptui.trainers.sft.settings import SftSettings
from tests.trainers.attempts import events
from tests.trainers.sft import tiny

SPECIAL = [
    *("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<|im_start|>", "<|im_end|>", "[gMASK]", "<sop>"),
    *("<|user|>", "<|assistant|>", "<|eot_id|>", "<|end|>", "[INST]", "[/INST]", "<|return|>"),
]
TEMPLATES = {
    "gemma": (
        "<bos>{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
        "{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    ),
    "chatml": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "glm": (
        "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    ),
    "llama": (
        "{% for m in messages %}{{ m.role }}\n\n{{ m.content }}<|eot_id|>{% endfor %}"
        "{% if add_generation_prompt %}assistant\n\n{% endif %}"
    ),
    "phi": (
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% else %}<eos>{% endif %}"
    ),
    "mistral": (
        "<bos>{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }}[/INST]"
        "{% else %} {{ m.content }}<eos>{% endif %}{% endfor %}"
    ),
    "two ends": (
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}"
        "{% if m.role == 'assistant' %}{{ '<|return|>' if 'plus' in m.content else '<|end|>' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    ),
}
ENDS = {
    "gemma": {"<end_of_turn>"},
    "chatml": {"<|im_end|>"},
    "glm": {"<eos>"},
    "llama": {"<|eot_id|>"},
    "phi": {"<|end|>"},
    "mistral": {"<eos>"},
    "two ends": {"<|return|>", "<|end|>"},
}
ROWS = [
    {"prompt": "one and two", "completion": "two plus one"},
    {"prompt": "six", "completion": "seven"},
    {"prompt": "what is four", "completion": "the sum of one and three"},
    {"prompt": "five and", "completion": "nine plus"},
]
LEARN = {
    "adapter": "none",
    "chat_template": True,
    "steps": 60,
    "eval_every": 60,
    "log_every": 60,
    "loss_on": "completion",
}
ANSWER = {"generate_samples": 4, "max_new_tokens": 24, "generate_metrics": ["exact_match"]}


@cache
def made(eos: str = "<eos>", special: tuple[str, ...] = tuple(SPECIAL)) -> Any:
    """A byte-level tokenizer whose special tokens are those of many families."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE(unk_token=None))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=list(special), initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    bpe.train_from_iterator([" ".join(tiny.WORDS)] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="<pad>", **({"eos_token": eos} if eos else {}))


def with_template(name: str, eos: str = "<eos>") -> Any:
    import copy

    tokenizer = copy.deepcopy(made(eos))
    tokenizer.chat_template = TEMPLATES[name]
    return tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("chat")
    for name in ("train", "validation"):
        tiny.write(base / f"{name}.jsonl", ROWS)
    for name in TEMPLATES:
        model = tiny.model()
        model.resize_token_embeddings(len(made()))
        model.save_pretrained(base / name)
        with_template(name).save_pretrained(base / name)
    return base


def attempt(folder: Path, name: str, **settings: Any) -> Any:
    number = len(list(folder.glob("trials/*")))
    return tiny.attempt(folder, {**LEARN, "model": name, **settings}, number=number)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TEMPLATES)
def test_what_was_learnt_is_what_is_answered(folder: Path, name: str) -> None:
    run = attempt(folder, name, **ANSWER, save_model="last")
    found = tiny.train(run)
    facts = tiny.told(run, "facts")
    assert found["exact_match"] == 1.0
    assert set(facts["answers_end_with"]) == ENDS[name]
    assert facts["generation_ended_by"] == {"eos": 4}
    saved = json.loads((run.root.parent / "artifacts" / "model" / "generation_config.json").read_text())["eos_token_id"]
    ids = made().convert_tokens_to_ids(sorted(ENDS[name]))
    assert set(ids) <= set(saved if isinstance(saved, list) else [saved])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("adapter", ["lora", "none"])
def test_a_model_loaded_as_its_card_says_ends_its_answers(
    folder: Path, monkeypatch: pytest.MonkeyPatch, adapter: str
) -> None:
    """The metrics of the card were measured with these ends."""
    for name in TEMPLATES:
        run = attempt(folder, name, adapter=adapter, steps=1, eval_every=0, save_model="last")
        tiny.train(run)
        place = run.root.parent / "artifacts" / "model"
        code = (place / "README.md").read_text().split("```python\n")[1].split("```")[0]
        monkeypatch.chdir(folder)
        loaded: dict[str, Any] = {}
        exec(code.replace("PATH", str(place)), loaded)
        ends = loaded["model"].generation_config.eos_token_id
        ids = made().convert_tokens_to_ids(sorted(ENDS[name]))
        assert set(ids) <= set(ends if isinstance(ends, list) else [ends])


def facts_of(folder: Path, name: str, tokenizer: Any, **settings: Any) -> tuple[SftSettings, Any]:
    chosen = build(SftSettings, {**tiny.TINY, **LEARN, "model": name, **settings})
    return chosen, pipeline.load(chosen, folder, folder / "cache", tokenizer)


def warnings(folder: Path, name: str, eos: str = "<eos>", **settings: Any) -> list[str]:
    tokenizer = with_template(name, eos)
    chosen, data = facts_of(folder, name, tokenizer, **settings)
    return ending_warnings(chosen, data.facts, tokenizer.eos_token)


def test_a_model_that_cannot_learn_to_stop_is_told_of(folder: Path) -> None:
    cannot = "4 of 4 answers end with no special token: the model cannot learn to stop"
    plain = {"chat_template": False}
    assert warnings(folder, "gemma") == []
    assert "writes no special token after 4 of 4 answers; add_eos puts '<eos>' there" in warnings(folder, "glm")[0]
    assert warnings(folder, "glm", add_eos=False) == [f"{cannot}; add_eos = true would add one"]
    assert warnings(folder, "glm", add_eos=False, stop=["\n"]) == []
    assert warnings(folder, "gemma", add_eos=False) == [
        "add_eos = False has no effect: the chat template decides how a text ends"
    ]
    no_end = "add_eos has no effect: the tokenizer has no end-of-text token"
    for chosen in (plain, {}):
        assert warnings(folder, "glm", eos="", **chosen) == [no_end, f"{cannot}; stop can name a text"]
    assert warnings(folder, "glm", eos="", text_field="prompt", **plain) == [no_end]
    assert warnings(folder, "glm", **plain) == []
    assert warnings(folder, "glm", add_eos=False, **plain) == [f"{cannot}; add_eos = true would add one"]


def test_truncated_answers_say_nothing_of_ends(folder: Path) -> None:
    _, data = facts_of(folder, "chatml", with_template("chatml"), max_length=44)
    assert 0 < data.facts["answers"] < 4
    assert "answers_without_end" not in data.facts


def test_an_end_that_the_data_bring_is_no_part_of_the_reference(folder: Path) -> None:
    settings = {"chat_template": False, "completion_template": "{completion}<|im_end|>\n"}
    _, data = facts_of(folder, "chatml", with_template("chatml"), add_eos=False, **settings)
    assert data.facts["answers_end_with"] == ["<|im_end|>"]
    assert [one.reference for one in data.held("validation")] == [row["completion"] for row in ROWS]
    _, data = facts_of(folder, "chatml", with_template("chatml"), add_eos=True, **settings)
    assert data.facts["answers_end_with"] == ["<eos>"]
    assert without_end("a<e> <e>\n", ["<e>"]) == "a"
    assert without_end("a ", ["<e>"]) == "a "


def test_the_end_is_found_after_any_answer() -> None:
    """Answers of random tokens, special ones among them, followed by any ends and white space."""
    tokenizer, draw = made(), random.Random(1)
    ends, special = AnswerEnds(tokenizer), tokenizer.convert_tokens_to_ids(SPECIAL)
    plain = [n for n in range(len(tokenizer)) if n not in special and tokenizer.decode([n]).strip()]
    blank = tokenizer("\n", add_special_tokens=False)["input_ids"]
    for _ in range(200):
        inner = draw.sample(special, draw.randint(0, 2))
        answer = [*draw.choices(plain, k=draw.randint(1, 4)), *inner]
        closing = draw.sample([n for n in special if n not in inner], draw.randint(0, 2))
        ids = answer + [token for end in closing for token in (end, *draw.choice([blank, []]))]
        expected = closing[0] if closing else inner[-1] if inner else None
        assert ends.of(ids, tokenizer.decode(answer)) == expected


def test_a_stop_string_may_name_special_tokens() -> None:
    """The text ends before the first stop string, whether or not decoding leaves its tokens out."""
    tokenizer, draw = made(), random.Random(2)
    special = tokenizer.convert_tokens_to_ids(SPECIAL)
    plain = [n for n in range(len(tokenizer)) if n not in special and tokenizer.decode([n]).isascii()]
    stops = [*SPECIAL[3:7], "<|im_end|>\n", "<|end|><eos>", "e", "wo th"]
    for _ in range(300):
        stop = draw.choice(stops)
        other = [n for n in special if tokenizer.decode([n]) not in stop]
        before = draw.choices(plain + other, k=draw.randint(0, 6))
        if stop in tokenizer.decode(before) or stop in tokenizer.decode([n for n in before if n not in special]):
            continue
        options = GenerationOptions(stop=(stop,))
        answer = AnswerText(tokenizer, options)
        ids = [*before, *tokenizer(stop, add_special_tokens=False)["input_ids"]]
        expected = tokenizer.decode(before, skip_special_tokens=True)
        text = tokenizer.decode(ids, skip_special_tokens=True)
        found = answer.of([*ids, *draw.choices(plain, k=2)])
        assert found == (expected if stop not in text else text[: text.index(stop)])
        assert answer.is_stopped(ids)
        assert not answer.is_stopped(before)


def test_special_tokens_of_the_answers_format_stay_in_the_text() -> None:
    tokenizer = made("<eos>", (*SPECIAL, "</think>", "<answer>", "</answer>"))
    ids = tokenizer("one</think> <answer>two</answer><|im_end|>", add_special_tokens=False)["input_ids"]
    kept = tuple(tokenizer.convert_tokens_to_ids(["</think>", "<answer>", "</answer>"]))
    options = GenerationOptions(answer_format="think", metrics=("accuracy",), kept=kept)
    assert AnswerText(tokenizer, options).of(ids) == "one</think> <answer>two</answer>"
    assert AnswerText(tokenizer, GenerationOptions()).of(ids) == "one two"


@pytest.mark.filterwarnings("ignore")
def test_answers_that_the_limit_ends_are_told_of(folder: Path) -> None:
    run = attempt(folder, "chatml", **{**ANSWER, "max_new_tokens": 2}, steps=2)
    tiny.train(run)
    said = [event["message"] for event in events(run, "warning") if "max_new_tokens=2" in event["message"]]
    assert said == ["4 of 4 answers were ended by max_new_tokens=2, not by the model; 4 of their references are longer"]
