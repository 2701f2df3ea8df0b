"""Greedy generation in batches: padded on the left, ended by stop strings, and timed.

The likeliest token is taken each time, without sampling, beams or penalties, whatever the model's own generation
settings are: an evaluation must give the same text twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from typing import TYPE_CHECKING, Any

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.trainers.data.tokens import appended_tokens, strip_suffix
from hptui.trainers.evals.options import GenerationOptions

if TYPE_CHECKING:
    import torch

    from hptui.trainers.evals.stopping import AnswerText

WARMUP_TOKENS = 4
"""Tokens of an untimed first batch, which has the one-time costs of a process."""

Prompt = str | Sequence[int]
"""A prompt, as text or as tokens."""


class Interrupted(Exception):
    """The trial was asked to stop during an evaluation: there is no result."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model generated for one prompt. `finish` is eos, stop, or limit (of tokens)."""

    text: str
    tokens: int
    finish: str


@dataclass(slots=True)
class GenerationTiming:
    """The duration of a generation, in seconds, and the amount of work. The warm-up is not included."""

    batch: int
    seconds: float = 0.0
    tokens: int = 0
    prompt_tokens: int = 0
    cut_prompts: int = 0
    batches: list[int] = field(default_factory=list)

    def facts(self, samples: int, options: GenerationOptions) -> dict[str, Value]:
        """Return the facts that are needed to compare times per token."""
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
    options: GenerationOptions,
    device: Any,
    keep_going: Callable[[], bool] = lambda: True,
) -> tuple[list[Completion], GenerationTiming]:
    """Return what `model` generates for each prompt, in order, and the timing.

    Raises: Interrupted when `keep_going` returns False between batches.
    """
    job = Job(prompts, keep_going)
    generate_together(model, tokenizer, [job], options, device)
    return job.answers()


@dataclass(slots=True)
class Job:
    """Prompts that are answered together with those of others. `interrupted`: it was asked to stop."""

    prompts: Sequence[Prompt]
    keep_going: Callable[[], bool]
    interrupted: bool = False
    timing: GenerationTiming = field(default_factory=lambda: GenerationTiming(0))
    written: dict[int, Completion] = field(default_factory=dict)
    ids: list[list[int]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)

    def answers(self) -> tuple[list[Completion], GenerationTiming]:
        """Return the completions in the order of the prompts, and the timing. Raises: Interrupted."""
        if self.interrupted:
            raise Interrupted
        self.timing.tokens = sum(item.tokens for item in self.written.values())
        return [self.written[n] for n in range(len(self.ids))], self.timing


def _adapters_of_model(counts: Sequence[int]) -> AbstractContextManager[Any]:
    return nullcontext()


def generate_together(
    model: Any,
    tokenizer: Any,
    jobs: Sequence[Job],
    options: GenerationOptions,
    device: Any,
    adapted: Callable[[Sequence[int]], AbstractContextManager[Any]] = _adapters_of_model,
) -> None:
    """Answer the prompts of all jobs: batch n has the prompts that each job's own batch n would have.

    `adapted` gets the number of rows of each job, and returns the context to generate them in. Time is divided by rows.
    """
    import torch

    for job in jobs:
        job.ids, cut = _encode(model, tokenizer, job.prompts, options)
        job.order = sorted(range(len(job.ids)), key=lambda n: -len(job.ids[n]))  # little padding, the largest first
        size = min(options.batch_size, len(job.ids))
        job.timing = GenerationTiming(size, cut_prompts=cut, prompt_tokens=sum(map(len, job.ids)))
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, max(len(job.ids) for job in jobs), options.batch_size):
                for job in jobs:
                    job.interrupted = job.interrupted or not job.keep_going()
                indices = [[] if job.interrupted else job.order[start : start + options.batch_size] for job in jobs]
                if not any(indices):
                    break
                rows = [job.ids[n] for job, some in zip(jobs, indices, strict=True) for n in some]
                batch = _padded(rows, _pad_id(tokenizer), device)
                with adapted([len(some) for some in indices]):
                    if start == 0:
                        _write(model, tokenizer, batch, options, min(WARMUP_TOKENS, options.max_new_tokens))
                    _synchronize(device)
                    started = time.perf_counter()
                    completions = iter(_write(model, tokenizer, batch, options, options.max_new_tokens))
                    _synchronize(device)
                seconds = time.perf_counter() - started
                for job, some in zip(jobs, indices, strict=True):
                    if some:
                        job.timing.seconds += seconds * len(some) / len(rows)
                        job.timing.batches.append(len(some))
                        job.written |= dict(zip(some, completions, strict=False))
    finally:
        model.train(was_training)


def _encode(
    model: Any, tokenizer: Any, prompts: Sequence[Prompt], options: GenerationOptions
) -> tuple[list[list[int]], int]:
    """Return prompts as tokens, and how many lost their beginning because they were too long."""
    special = options.add_special_tokens
    suffix = (
        appended_tokens(tokenizer) if special else []
    )  # after an end-of-text token a model does not continue the prompt
    ids = [
        strip_suffix(tokenizer(p, add_special_tokens=special)["input_ids"], suffix) if isinstance(p, str) else list(p)
        for p in prompts
    ]
    limit = getattr(model.config, "max_position_embeddings", None)
    room = max(1, limit - options.max_new_tokens) if limit else None
    cut = sum(room is not None and len(prompt_ids) > room for prompt_ids in ids)
    if room is not None:
        ids = [prompt_ids[-room:] for prompt_ids in ids]
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else _pad_id(tokenizer)
    return [prompt_ids or [first] for prompt_ids in ids], cut


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
    for row, prompt_ids in enumerate(ids):
        tokens[row, width - len(prompt_ids) :] = torch.tensor(prompt_ids)
        mask[row, width - len(prompt_ids) :] = 1
    return {"input_ids": tokens.to(device), "attention_mask": mask.to(device)}


def _write(
    model: Any, tokenizer: Any, batch: dict[str, torch.Tensor], options: GenerationOptions, limit: int
) -> list[Completion]:
    from transformers import GenerationConfig

    from hptui.trainers.evals.stopping import AnswerText, StopStrings

    answer = AnswerText(tokenizer, options)
    ends = end_ids(model, tokenizer, options.ends)
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
    stops = StopStrings(answer, width)
    criteria = {"stopping_criteria": [stops]} if answer.strings else {}
    tokens = model.generate(**batch, generation_config=config, **criteria)[:, width:].tolist()
    return [_completion(answer, row, ends, stops.ended.get(n), limit) for n, row in enumerate(tokens)]


def _completion(answer: AnswerText, row: list[int], ends: Sequence[int], stopped: int | None, limit: int) -> Completion:
    at_end = next((position + 1 for position, token in enumerate(row) if token in ends), None)
    if stopped is not None and (at_end is None or stopped <= at_end):
        tokens, finish = stopped, "stop"
    elif at_end is not None:
        tokens, finish = at_end, "eos"
    else:
        tokens, finish = min(len(row), limit), "limit"
    return Completion(answer.of(row[:tokens]), tokens, finish)


def end_ids(model: Any, tokenizer: Any, learnt: Sequence[int] = ()) -> list[int]:
    """Return the tokens that end a text, by the examples, the model's settings and the tokenizer."""
    end_of_text = [] if tokenizer.eos_token_id is None else [int(tokenizer.eos_token_id)]
    return sorted({*learnt, *configured_ends(model), *end_of_text})


def configured_ends(model: Any) -> set[int]:
    """Return the tokens that end a text by the model's generation settings."""
    configured = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    return {
        int(number) for number in (configured if isinstance(configured, list) else [configured]) if number is not None
    }


def _synchronize(device: Any) -> None:
    """Wait until a GPU has finished its queued work, so that the clock measures it."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
