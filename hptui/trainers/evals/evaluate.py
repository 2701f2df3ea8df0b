"""One evaluation: generate, classify, compare with references, time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hptui.model.counts import Proportion
from hptui.model.errors import UserError
from hptui.model.trial import Value
from hptui.trainers.evals import custom, grade, overlap
from hptui.trainers.evals.generate import Completion, GenerationTiming, Prompt, generate
from hptui.trainers.evals.options import GenerationOptions


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The result of an evaluation: metrics (rates keep their counts), one row per sample, and facts."""

    metrics: dict[str, float | Proportion]
    rows: list[dict[str, Any]]
    facts: dict[str, Value] = field(default_factory=dict)


def load_custom_metrics(options: GenerationOptions) -> tuple[custom.Metric, ...]:
    """Load the user's own metrics. Before the model is loaded, this finds their errors early.

    Raises: UserError if one cannot be loaded.
    """
    return tuple(custom.load_metric(path, options.directory) for path in options.custom)


def run_evaluation(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Prompt],
    references: Sequence[str],
    options: GenerationOptions,
    device: Any,
    keep_going: Callable[[], bool] = lambda: True,
) -> EvaluationResult:
    """Generate an answer to each prompt and measure the answers.

    Raises: Interrupted when `keep_going` returns False; UserError if there are no samples.
    """
    if not prompts or len(prompts) != len(references):
        raise UserError(f"an evaluation needs samples: got {len(prompts)} prompts and {len(references)} references")
    custom_metrics = load_custom_metrics(options)
    written, timing = generate(model, tokenizer, prompts, options, device, keep_going)
    outputs = [item.text for item in written]
    texts = [prompt if isinstance(prompt, str) else tokenizer.decode(list(prompt)) for prompt in prompts]
    metrics: dict[str, float | Proportion] = {}
    facts: dict[str, Value] = {"inference": timing.facts(len(prompts), options)}
    rows = [_row(*parts) for parts in zip(texts, written, references, strict=True)]
    _grades(written, references, options, metrics, rows, facts)
    _overlaps(outputs, references, options, metrics, rows, facts)
    metrics |= _lengths_and_time(written, timing)
    for metric in custom_metrics:
        merge_metrics(metrics, metric(outputs, references, texts))
    return EvaluationResult(metrics, rows, facts)


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
        grades = [grade.classify(w.text, r, options, cut=w.finish == "limit") for w, r in pairs]
        metrics |= grade.category_shares(grades)
        facts["causes"] = dict(grade.count_causes(grades))
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
