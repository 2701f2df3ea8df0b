"""Token by token: what the model reads, what it learns of it, and what is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hptui.core.errors import Unsupported, UserError
from hptui.trainers.data.batches import TokenRows, TrainingOrder, pack
from hptui.trainers.data.layout import ExampleLayout, template_fields
from hptui.trainers.data.pipeline import chat_template_of
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.data.tokens import SplitCounts, Tokens, encode_examples
from tests.trainers.sft.tiny import tokenizer

ROW = {"question": "what is the sum", "answer": " two plus", "n": 3, "messages": []}


def made(
    row: dict[str, Any], *, chat: bool = False, plain: bool = False, **settings: Any
) -> tuple[Tokens, SplitCounts]:
    told = DataSettings(**{"train": "x", **settings})
    spoken = tokenizer(chat or bool(told.messages_field))
    example = ExampleLayout(told, row, plain=plain, chat=chat_template_of(spoken)).example(0, row)
    assert example is not None
    counts = SplitCounts(rows=1)
    return encode_examples([example], told, spoken, counts), counts


def shown(tokens: Tokens) -> tuple[str, str]:
    """The text of an example, and the part of it that is learnt."""
    ids, learnt = tokens[0]
    return tokenizer().decode(ids), tokenizer().decode(ids[learnt])


TEMPLATES = {"prompt_template": "Q: {question}?\nA:", "completion_template": "{answer}"}


def test_only_the_completion_is_learnt_and_the_end() -> None:
    tokens, counts = made(ROW, **TEMPLATES)
    assert shown(tokens) == ("Q: what is the sum?\nA: two plus<end>", " two plus<end>")
    assert (counts.examples, counts.learnt, counts.truncated) == (1, 3, 0)


def test_all_can_be_learnt_and_the_end_left_out() -> None:
    whole = "Q: what is the sum?\nA: two plus"
    tokens, _ = made(ROW, **TEMPLATES, loss_on="all", add_eos=False)
    assert shown(tokens) == (whole, whole)


def test_the_prompt_has_the_tokens_that_the_model_is_asked_with() -> None:
    """A token across the border would be one that no prompt ends with: the pieces are tokenised apart."""
    row = {"question": "what is the s", "answer": "um of"}
    joint = tokenizer()("what is the sum of")["input_ids"]
    asked = tokenizer()("what is the s")["input_ids"]
    assert joint[: len(asked)] != asked
    tokens, _ = made(row, prompt_template="{question}", completion_template="{answer}")
    ids, learnt = tokens[0]
    assert ids[~learnt].tolist() == asked
    assert shown(tokens) == ("what is the sum of<end>", "um of<end>")


def test_a_system_prompt_goes_where_the_template_says() -> None:
    told = {"system_prompt": "please add", "prompt_template": "{system_prompt}\n{question}"}
    tokens, _ = made(ROW, **told, completion_template="{answer}")
    assert shown(tokens)[0] == "please add\nwhat is the sum two plus<end>"
    with pytest.raises(UserError, match=r"has no \{system_prompt\}"):
        made(ROW, **TEMPLATES, system_prompt="please add")


def test_a_chat_template_lays_out_prompt_and_completion() -> None:
    told = {"chat_template": True, "system_prompt": "add", "prompt_template": "{question} {n}"}
    tokens, _ = made(ROW, chat=True, **told, completion_template="{answer}")
    whole = "<|system|>add<end><|user|>what is the sum 3<end><|assistant|> two plus<end>"
    assert shown(tokens) == (whole, " two plus<end>")


def test_every_answer_of_a_conversation_is_learnt() -> None:
    said = [("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "four"), ("user", "five")]
    row = {"messages": [{"role": role, "content": text} for role, text in said]}
    tokens, _ = made(row, messages_field="messages")
    whole = "<|user|>one<end><|assistant|>two<end><|user|>three<end><|assistant|>four<end>"
    assert shown(tokens) == (whole, "two<end>four<end>")
    with pytest.raises(UserError, match="no list of messages"):
        made({"messages": [{"role": "user"}]}, messages_field="messages")


def test_a_chat_template_that_rewrites_the_past_is_refused() -> None:
    told = DataSettings(train="x", messages_field="messages")

    def forgetful(messages: Any, begin: bool) -> str:
        return messages[-1]["content"] + ("?" if begin else "")

    layout = ExampleLayout(told, ["messages"], plain=False, chat=forgetful)
    said = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    with pytest.raises(Unsupported, match="rewrites"):
        layout.example(0, {"messages": said})


def test_a_text_is_learnt_whole_and_can_be_split() -> None:
    row = {"text": "one two three four five six seven eight nine ten"}
    tokens, _ = made(row, plain=True)
    assert shown(tokens) == (row["text"] + "<end>", row["text"] + "<end>")
    tokens, counts = made(row, plain=True, max_length=4, too_long="split")
    assert "".join(tokenizer().decode(tokens[n][0]) for n in range(len(tokens))) == row["text"] + "<end>"
    assert max(tokens.lengths) == 4
    assert counts.truncated == 0
    with pytest.raises(UserError, match="plain texts"):
        made(ROW, **TEMPLATES, too_long="split")


def test_what_is_too_long_is_cut_dropped_and_counted() -> None:
    whole, _ = made(ROW, **TEMPLATES)
    longest = int(whole.lengths[0])
    tokens, counts = made(ROW, **TEMPLATES, max_length=longest - 1)
    assert shown(tokens)[1] == " two plus"
    assert (counts.truncated, counts.longest) == (1, longest)
    tokens, counts = made(ROW, **TEMPLATES, max_length=longest - 1, too_long="drop")
    assert (len(tokens), counts.too_long) == (0, 1)
    tokens, counts = made(ROW, **TEMPLATES, max_length=longest - 3)
    assert (len(tokens), counts.unanswered, counts.truncated) == (0, 1, 1)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{questoin}", "no column 'questoin'"),
        ("{question.x}", "no column"),
        ("{question!r}", "nothing else"),
        ("{}", "nothing else"),
        ("{question", "expected"),
    ],
)
def test_a_template_names_columns_and_nothing_else(template: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        made(ROW, prompt_template=template, completion_template="{answer}")


def test_braces_can_be_written() -> None:
    tokens, _ = made(ROW, prompt_template="{{{question}}}", completion_template="{n}")
    assert shown(tokens)[0] == "{what is the sum}3<end>"
    assert template_fields("{{{a}}} {b}") == ["a", "b"]


def test_an_empty_cell_is_no_example() -> None:
    layout = ExampleLayout(DataSettings(train="x", **TEMPLATES), ROW, plain=False, chat=None)
    assert layout.example(0, {**ROW, "answer": "  "}) is None
    assert layout.example(0, {**ROW, "answer": None}) is None
    assert layout.example(0, {**ROW, "n": None}) is not None


# rows and batches -------------------------------------------------------------------------------------------------


def some(*lengths: int) -> Tokens:
    """Examples of these lengths: tokens count up from 10, 20, 30 …, all but the first are learnt."""
    ids = np.concatenate([np.arange(n) + 10 * (k + 1) for k, n in enumerate(lengths)]).astype(np.int32)
    learnt = np.concatenate([np.arange(n) > 0 for n in lengths])
    return Tokens(ids, learnt, np.cumsum([0, *lengths]), np.arange(len(lengths)))


def test_a_batch_is_padded_on_the_right_and_its_targets_are_the_next_tokens() -> None:
    batch = TokenRows(some(3, 2), [[0], [1]], pad=0).batch([0, 1])
    assert batch.ids.tolist() == [[10, 11, 12], [20, 21, 0]]
    assert (batch.indices.tolist(), batch.labels.tolist()) == ([0, 1, 3], [11, 12, 21])
    assert (batch.places, batch.starts, batch.tokens, batch.learnt) == (None, None, 5, 3)
    assert TokenRows(some(3, 2), [[0], [1]], pad=0, width=6).batch([1]).ids.shape == (1, 6)


def test_packed_examples_have_places_and_targets_of_their_own() -> None:
    batch = TokenRows(some(3, 2, 4), [[0, 1], [2]], pad=0).batch([0, 1])
    assert batch.ids.tolist() == [[10, 11, 12, 20, 21], [30, 31, 32, 33, 0]]
    assert (batch.indices.tolist(), batch.labels.tolist()) == ([0, 1, 3, 5, 6, 7], [11, 12, 21, 31, 32, 33])
    assert batch.places is not None
    assert batch.starts is not None
    assert (batch.starts.tolist(), batch.longest) == ([0, 3, 5, 9, 10], 4)
    assert batch.places.tolist() == [[0, 1, 2, 0, 1], [0, 1, 2, 3, 0]]


def test_packing_loses_nothing_and_fills_rows() -> None:
    lengths = [5, 9, 3, 3, 7, 1, 10, 2]
    rows = pack(lengths, 10, seed=1)
    assert sorted(n for row in rows for n in row) == list(range(8))
    assert all(sum(lengths[n] for n in row) <= 10 for row in rows)
    assert len(rows) == 4  # 40 tokens: not one row too many
    assert pack(lengths, 10, seed=1) == rows


def test_the_order_is_a_function_of_seed_and_step() -> None:
    order = TrainingOrder(rows=10, batch_size=2, accumulation=2, seed=5)
    assert order.per_epoch == 3
    steps = [order.step(n) for n in range(6)]
    assert [[len(micro) for micro in step] for step in steps[:3]] == [[2, 2], [2, 2], [2]]
    for epoch in (steps[:3], steps[3:]):
        assert sorted(n for step in epoch for micro in step for n in micro) == list(range(10))
    assert steps[:3] != steps[3:]
    assert order.step(4) == steps[4]
    assert TrainingOrder(10, 2, 2, seed=6).step(0) != steps[0]
    assert [len(order.rows_begun(n)) for n in (0, 1, 3, 4)] == [0, 4, 0, 4]
    assert TrainingOrder(4530, 4, 4, 0).per_epoch == 284


def test_an_optional_part_of_a_prompt_may_be_empty() -> None:
    from hptui.trainers.data import pipeline
    from hptui.trainers.data.layout import ExampleLayout
    from hptui.trainers.data.settings import DataSettings

    settings = DataSettings(train="x", prompt_template="{ask} {more}:", completion_template="{say}")
    layout = ExampleLayout(settings, ["ask", "more", "say"], plain=False, chat=None)
    rows = [
        {"ask": "a", "more": "", "say": "b"},
        {"ask": "a", "more": None, "say": "b"},
        {"ask": " ", "more": None, "say": "b"},
        {"ask": "a", "more": "x", "say": ""},
    ]
    made = [layout.example(n, row) for n, row in enumerate(rows)]
    assert [one and one.prompt for one in made] == ["a :", "a :", None, None]
    assert "the column 'more' is empty in 3 of 4 training rows" in pipeline.column_warnings(rows, layout.used)
