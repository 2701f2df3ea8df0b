"""Greedy generation in batches: padded on the left, ended by stop strings, and timed.

The likeliest token each time, without sampling, beams or penalties, whatever the model's own generation settings say:
an evaluation must give the same text twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hptui.model.trial import Value
from hptui.trainers.data.tokens import behind_of, without
from hptui.trainers.evals.options import Options

if TYPE_CHECKING:
    import torch

WARMUP_TOKENS = 4
"""Tokens of an untimed first batch, which pays for what only the first call of a process pays."""

Prompt = str | Sequence[int]


class Interrupted(Exception):
    """The trial was asked to stop in the middle of an evaluation: there is no result."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote after one prompt. `finish`: eos, stop, or limit (of tokens)."""

    text: str
    tokens: int
    finish: str


@dataclass(slots=True)
class Timing:
    """What generation took, in seconds, and of what."""

    batch: int
    seconds: float = 0.0
    tokens: int = 0
    prompt_tokens: int = 0
    cut_prompts: int = 0
    batches: list[int] = field(default_factory=list)

    def facts(self, samples: int, options: Options) -> dict[str, Value]:
        """What must be known to compare times per token."""
        return {
            "samples": samples,
            "decoding": "greedy",
            "batch": self.batch,
            "batches": len(self.batches),
            "max_new_tokens": options.max_new_tokens,
            "prompt_tokens": round(self.prompt_tokens / max(samples, 1), 1),
            "generated_tokens": round(self.tokens / max(samples, 1), 1),
            "warmup": f"{min(WARMUP_TOKENS, options.max_new_tokens)} tokens of the first batch, not timed",
            "seconds": self.seconds,
            "prompts_cut": self.cut_prompts,
        }


def generate(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Prompt],
    options: Options,
    device: Any,
    keep_going: Callable[[], bool] = lambda: True,
) -> tuple[list[Written], Timing]:
    """What `model` writes after each prompt, in order, and how long it took."""
    import torch

    ids, cut = _encode(model, tokenizer, prompts, options)
    order = sorted(range(len(ids)), key=lambda n: -len(ids[n]))  # little padding, and the largest batch first
    timing = Timing(min(options.batch_size, len(ids)), cut_prompts=cut, prompt_tokens=sum(map(len, ids)))
    written: dict[int, Written] = {}
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(order), options.batch_size):
                if not keep_going():
                    raise Interrupted
                some = order[start : start + options.batch_size]
                batch = _padded([ids[n] for n in some], _pad_id(tokenizer), device)
                if start == 0:
                    _write(model, tokenizer, batch, options, min(WARMUP_TOKENS, options.max_new_tokens))
                _settle(device)
                began = time.perf_counter()
                found = _write(model, tokenizer, batch, options, options.max_new_tokens)
                _settle(device)
                timing.seconds += time.perf_counter() - began
                timing.batches.append(len(some))
                written |= dict(zip(some, found, strict=True))
    finally:
        model.train(was_training)
    timing.tokens = sum(item.tokens for item in written.values())
    return [written[n] for n in range(len(ids))], timing


def _encode(model: Any, tokenizer: Any, prompts: Sequence[Prompt], options: Options) -> tuple[list[list[int]], int]:
    """Prompts as tokens; those too long for the model lose their beginning, and are counted."""
    special = options.add_special_tokens
    behind = behind_of(tokenizer) if special else []  # an end of text is no place to go on from
    ids = [
        without(tokenizer(p, add_special_tokens=special)["input_ids"], behind) if isinstance(p, str) else list(p)
        for p in prompts
    ]
    limit = getattr(model.config, "max_position_embeddings", None)
    room = max(1, limit - options.max_new_tokens) if limit else None
    cut = sum(room is not None and len(one) > room for one in ids)
    if room is not None:
        ids = [one[-room:] for one in ids]
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else _pad_id(tokenizer)
    return [one or [first] for one in ids], cut


def _pad_id(tokenizer: Any) -> int:
    for number in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if number is not None:
            return int(number)
    return 0  # masked out, so any token will do


def _padded(ids: Sequence[Sequence[int]], pad: int, device: Any) -> dict[str, torch.Tensor]:
    import torch

    width = max(map(len, ids))
    tokens = torch.full((len(ids), width), pad, dtype=torch.long)
    mask = torch.zeros((len(ids), width), dtype=torch.long)
    for row, one in enumerate(ids):
        tokens[row, width - len(one) :] = torch.tensor(one)
        mask[row, width - len(one) :] = 1
    return {"input_ids": tokens.to(device), "attention_mask": mask.to(device)}


def _write(model: Any, tokenizer: Any, batch: dict[str, torch.Tensor], options: Options, limit: int) -> list[Written]:
    from transformers import GenerationConfig

    from hptui.trainers.evals.stopping import Stops, kept_stops

    ends = _end_ids(model, tokenizer)
    config = GenerationConfig(
        max_new_tokens=limit,
        do_sample=False,
        num_beams=1,
        num_return_sequences=1,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        temperature=1.0,
        top_p=1.0,
        top_k=50,
        pad_token_id=_pad_id(tokenizer),
        eos_token_id=ends or None,
        use_cache=True,
    )
    width = batch["input_ids"].shape[1]
    stops = Stops(tokenizer, (*options.stop, *kept_stops(options)), width)
    criteria = {"stopping_criteria": [stops]} if stops.strings else {}
    tokens = model.generate(**batch, generation_config=config, **criteria)[:, width:].tolist()
    return [_read(tokenizer, row, ends, stops.ended.get(n), options, limit) for n, row in enumerate(tokens)]


def _read(
    tokenizer: Any, row: list[int], ends: Sequence[int], stopped: int | None, options: Options, limit: int
) -> Written:
    from hptui.trainers.evals.stopping import cut_text

    at_end = next((place + 1 for place, token in enumerate(row) if token in ends), None)
    if stopped is not None and (at_end is None or stopped <= at_end):
        tokens, finish = stopped, "stop"
    elif at_end is not None:
        tokens, finish = at_end, "eos"
    else:
        tokens, finish = min(len(row), limit), "limit"
    text = tokenizer.decode(row[:tokens], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return Written(cut_text(text, options), tokens, finish)


def _end_ids(model: Any, tokenizer: Any) -> list[int]:
    """Every token that ends a text, as the model and as the tokenizer see it."""
    said = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    known = said if isinstance(said, list) else [said]
    return sorted({int(number) for number in (*known, tokenizer.eos_token_id) if number is not None})


def _settle(device: Any) -> None:
    """Wait for a GPU to have done what it was told, so that a clock means something."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
