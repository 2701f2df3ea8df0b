"""One evaluation: generate, classify, compare with references, time; and the user's own metrics, functions in files.

    def brevity(predictions, references): return sum(len(p) < len(r) for ...) / len(predictions)

Such a function may take `predictions`, `references` and `prompts`, by these names, and return a number, a count as
`(k, n)`, one number or truth value per sample, or a dictionary of those."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.format import Proportion
from hptui.core.trial import Value
from hptui.trainers.data.endings import special_ids
from hptui.trainers.evals import answers, overlap
from hptui.trainers.evals.generate import Completion, GenerationTiming, Prompt, end_ids, generate
from hptui.trainers.evals.options import GenerationOptions

Metric = Callable[[Sequence[str], Sequence[str], Sequence[str]], dict[str, float]]
"""A loaded metric: takes predictions, references and prompts, and returns metrics by name."""

METRIC_PARAMETERS = ("predictions", "references", "prompts")
"""Names of the parameters that a metric may have."""
MARKERS = ("<think>", "</think>", "<answer>", "</answer>")
"""Texts that the format `think` looks for, and that some tokenizers have as special tokens."""


def load_metric(path: str, directory: str = "") -> Metric:
    """Return the function named `file.py:function`, wrapped for use by an evaluation.

    Raises: UserError if it cannot be imported, or has other parameters.
    """
    name, _, function = path.rpartition(":")
    file = Path(directory) / Path(name).expanduser()
    if not file.is_file():
        raise UserError(f"the metric {path!r} names a file that is not there: {file}")
    module_name = "hptui_metric_" + hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(module_name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a user's file may raise anything on import
        raise UserError(
            f"the file of the metric {path!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    target = getattr(module, function, None)
    if not callable(target):
        names = [n for n, value in vars(module).items() if inspect.isfunction(value) and not n.startswith("_")]
        raise UserError(f"{file} has no function {function!r}", hint=did_you_mean(function, names))
    return _wrapped(target, function, path)


def _wrapped(function: Callable[..., Any], name: str, path: str) -> Metric:
    parameters = list(inspect.signature(function).parameters)
    unknown = [word for word in parameters if word not in METRIC_PARAMETERS]
    if unknown:
        raise UserError(f"the metric {path!r} takes {unknown[0]!r}", hint=f"it may take {', '.join(METRIC_PARAMETERS)}")

    def metric(predictions: Sequence[str], references: Sequence[str], prompts: Sequence[str]) -> dict[str, float]:
        arguments = dict(zip(METRIC_PARAMETERS, (list(predictions), list(references), list(prompts)), strict=True))
        try:
            returned = function(**{word: arguments[word] for word in parameters})
        except Exception as error:  # a user's function may raise anything
            raise UserError(f"the metric {path!r} raised {type(error).__name__}: {error}") from error
        parts = returned if isinstance(returned, Mapping) else {name: returned}
        return {str(key): _number(value, len(predictions), path) for key, value in parts.items()}

    return metric


def _number(value: Any, samples: int, path: str) -> float:
    if isinstance(value, Proportion):
        return value
    if isinstance(value, tuple) and len(value) == 2 and all(type(part) is int for part in value):
        return Proportion(*value)
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == samples:
        if all(isinstance(item, bool) for item in value):
            return Proportion(sum(value), samples)
        return sum(float(item) for item in value) / samples
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UserError(
            f"the metric {path!r} returned {str(value)[:80]!r}",
            hint="a number, a tuple (k, n), one number or truth value per sample, or a dictionary of those",
        ) from None


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The result of an evaluation: metrics (rates keep their counts), one row per sample, and facts."""

    metrics: dict[str, float | Proportion]
    rows: list[dict[str, Any]]
    facts: dict[str, Value] = field(default_factory=dict)


def load_custom_metrics(options: GenerationOptions) -> tuple[Metric, ...]:
    """Load the user's own metrics. Before the model is loaded, this finds their errors early.

    Raises: UserError if one cannot be loaded.
    """
    return tuple(load_metric(path, options.directory) for path in options.custom)


def run_evaluation(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Prompt],
    references: Sequence[str],
    options: GenerationOptions,
    device: Any,
    keep_going: Callable[[], bool] = lambda: True,
    arithmetic: AbstractContextManager[Any] | None = None,
) -> EvaluationResult:
    """Generate an answer to each prompt, within the context `arithmetic`, and measure the answers.

    Raises: Interrupted when `keep_going` returns False; UserError if there are no samples.
    """
    custom = load_custom_metrics(options)
    options = options_for(model, tokenizer, prompts, references, options)
    with arithmetic or nullcontext():
        written, timing = generate(model, tokenizer, prompts, options, device, keep_going)
    return measure_answers(tokenizer, prompts, references, options, written, timing, custom)


def options_for(
    model: Any, tokenizer: Any, prompts: Sequence[Prompt], references: Sequence[str], options: GenerationOptions
) -> GenerationOptions:
    """Return the options with the special tokens that answers may contain.

    Raises: UserError if there are no samples.
    """
    if not prompts or len(prompts) != len(references):
        raise UserError(f"an evaluation needs samples: got {len(prompts)} prompts and {len(references)} references")
    return replace(options, kept=_kept_tokens(model, tokenizer, references, options))


def measure_answers(
    tokenizer: Any,
    prompts: Sequence[Prompt],
    references: Sequence[str],
    options: GenerationOptions,
    written: Sequence[Completion],
    timing: GenerationTiming,
    custom_metrics: Sequence[Metric] = (),
) -> EvaluationResult:
    """Measure the answers to prompts."""
    outputs = [item.text for item in written]
    texts = [prompt if isinstance(prompt, str) else tokenizer.decode(list(prompt)) for prompt in prompts]
    metrics: dict[str, float | Proportion] = {}
    facts: dict[str, Value] = {"inference": timing.facts(len(prompts), options)}
    facts["ended_by"] = dict(Counter(item.finish for item in written))
    rows = [_row(*parts) for parts in zip(texts, written, references, strict=True)]
    _grades(written, references, options, metrics, rows, facts)
    _overlaps(outputs, references, options, metrics, rows, facts)
    metrics |= _lengths_and_time(written, timing)
    for metric in custom_metrics:
        merge_metrics(metrics, metric(outputs, references, texts))
    return EvaluationResult(metrics, rows, facts)


def _kept_tokens(model: Any, tokenizer: Any, references: Sequence[str], options: GenerationOptions) -> tuple[int, ...]:
    """Return the special tokens in references and in the answer's format: they are part of answers."""
    ends = {*end_ids(model, tokenizer, options.ends), tokenizer.pad_token_id, tokenizer.bos_token_id}
    text = "\n".join((*references, *(MARKERS if options.answer_format == "think" else ())))
    texts = {number: str(tokenizer.convert_ids_to_tokens(number)) for number in special_ids(tokenizer) - ends}
    return tuple(sorted(number for number, token in texts.items() if token in text))


def _row(prompt: str, written: Completion, reference: str) -> dict[str, Any]:
    row = {"prompt": prompt, "output": written.text, "reference": reference}
    return {**row, "tokens": written.tokens, "finish": written.finish}


def _grades(
    written: Sequence[Completion],
    references: Sequence[str],
    options: GenerationOptions,
    metrics: dict[str, float | Proportion],
    rows: list[dict[str, Any]],
    facts: dict[str, Value],
) -> None:
    if "accuracy" in options.metrics:
        pairs = zip(written, references, strict=True)
        grades = [answers.classify(w.text, r, options, cut=w.finish == "limit") for w, r in pairs]
        metrics |= answers.category_shares(grades)
        facts["causes"] = dict(answers.count_causes(grades))
        for row, graded in zip(rows, grades, strict=True):
            row |= {
                "category": graded.category,
                "answer": graded.answer,
                "expected": graded.expected,
                "cause": graded.cause,
            }
    if "exact_match" in options.metrics:
        matches = [w.text.strip() == r.strip() for w, r in zip(written, references, strict=True)]
        metrics["exact_match"] = Proportion(sum(matches), len(matches))
        for row, matching in zip(rows, matches, strict=True):
            row["exact"] = matching


def _overlaps(
    outputs: Sequence[str],
    references: Sequence[str],
    options: GenerationOptions,
    metrics: dict[str, float | Proportion],
    rows: list[dict[str, Any]],
    facts: dict[str, Value],
) -> None:
    intervals: dict[str, Value] = {}
    for family, score in (("bleu", overlap.bleu), ("rouge", overlap.rouge)):
        if family in options.metrics:
            scores = score(outputs, references)
            metrics |= scores.metrics
            intervals |= scores.intervals
            facts |= scores.facts
            for row, values in zip(rows, scores.rows, strict=False):
                row |= {name: round(value, 4) for name, value in values.items()}
    if intervals:
        facts["intervals"] = intervals


def _lengths_and_time(written: Sequence[Completion], timing: GenerationTiming) -> dict[str, float]:
    return {
        "generated_tokens": timing.tokens / len(written),
        "inference_time": timing.seconds / max(timing.tokens, 1),
    }


def merge_metrics(metrics: dict[str, Any], more: Mapping[str, float]) -> None:
    """Add metrics of the user's own. Raises: UserError if a name is taken."""
    for name, value in more.items():
        if name in metrics:
            raise UserError(f"a metric of your own is called {name!r}, which is taken", hint="give it another name")
        metrics[name] = value
