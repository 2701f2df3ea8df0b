"""How many examples were there, were trained on, and are behind a metric."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.format import NO_VALUE, TOTAL_SUFFIX
from hptui.core.values import is_number
from hptui.results.analysis.evaluation import declared_samples
from hptui.results.document import Block, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, join_parts, line

MIN_EVALUATION_EXAMPLES = 100
"""A validation or test set with fewer examples gets a warning."""


def split_sizes(facts: FactWriter) -> dict[str, float]:
    """Return the number of examples by split that the best trial used, as recorded by the trainer.

    A limit on the training examples counts where it is smaller than the data.
    """
    best = facts.data.best
    sizes: dict[str, float] = {}
    for source in (best.facts if best is not None else {}, facts.data.facts):
        for split in ("train", "validation", "test"):
            if is_number(value := source.get(f"{split}_examples")):
                sizes.setdefault(split, value)
    limit = facts.view.settings(best).get("train_samples") if best is not None else None
    if "train" in sizes and is_number(limit) and 0 < limit < sizes["train"]:
        sizes["train"] = limit
    return sizes


def split_blocks(facts: FactWriter) -> Iterator[Block]:
    """Yield the sizes of the splits, what of them was trained on, and which of them are small."""
    splits = split_sizes(facts)
    total = sum(splits.values())
    if not splits or not total:
        return
    rows = []
    for name, count in splits.items():
        share = facts.of_value(f"data.{name}.share", count / total, text=f"{count / total:.1%}")
        how = facts.data.facts.get(f"{name}_source")
        rows.append(
            (
                (Name(name),),
                (facts.of_value(f"data.{name}", count, text=f"{count:,.0f}"),),
                (share,),
                (Name(str(how)),) if how else (NO_VALUE,),
            )
        )
    yield ReportTable((("Split",), ("Examples",), ("Share",), ("From",)), tuple(rows), frozenset({1, 2}))
    yield from _amount_seen(facts, splits.get("train"))
    for name, count in splits.items():
        if name != "train" and 0 < count < MIN_EVALUATION_EXAMPLES:
            n = facts.of_value(f"data.{name}", count, text=f"{count:,.0f}")
            yield Paragraph(
                line(
                    "The {name} set holds only {n} examples.",
                    name=Name(name),
                    n=n,
                )
            )


def _amount_seen(facts: FactWriter, available: float | None) -> Iterator[Block]:
    """Say how many of the training examples the best trial was trained on, and how much it saw."""
    trial = facts.data.best
    if trial is None:
        return

    def counted(name: str) -> Fact | None:
        value = trial.facts.get(name)
        field = f"facts.{name}"
        return (
            facts.of_value(f"data.{name}", value, [trial], text=f"{value:,.0f}", field=field)
            if is_number(value)
            else None
        )

    used, examples, tokens = counted("examples_trained_on"), counted("examples_seen"), counted("tokens_seen")
    if used and available and is_number(used.value) and used.value < available:
        yield Paragraph(
            line(
                "{trial} was trained on {used} of the {available} training examples.",
                trial=facts.trial(trial, capital=True),
                used=used,
                available=facts.of_value(
                    "data.train", available, text=f"{available:,.0f}", field="facts.train_examples"
                ),
            )
        )
    if examples and tokens:
        yield Paragraph(
            line(
                "{trial} saw {examples} examples with {tokens} tokens in all, those of every epoch counted.",
                trial=facts.trial(trial, capital=True),
                examples=examples,
                tokens=tokens,
            )
        )


def sample_count(facts: FactWriter, metric: str) -> Line:
    """Return the number of examples behind a metric, `100 to 200` where it differs; () if unknown of one."""
    name = metric + TOTAL_SUFFIX
    measured = [trial for trial in facts.view.trials if metric in (trial.values or {})]
    counted = [trial for trial in facts.view.trials if is_number(n := trial.metrics.get(name)) and n > 0]
    if counted and len(counted) >= len(measured):
        counted.sort(key=lambda trial: (trial.metrics[name], trial.number))
        ends = dict.fromkeys(int(trial.metrics[name]) for trial in (counted[0], counted[-1]))
        parts = [
            facts.of_value(
                f"samples.{metric}{'' if place == 0 else '.most'}",
                n,
                [trial for trial in counted if trial.metrics[name] == n],
                text=f"{n:,.0f}",
                field=f"metrics.{name}",
            )
            for place, n in enumerate(ends)
        ]
        return join_parts(parts, " to ")
    samples = next((objective.samples for objective in facts.study.objectives if objective.metric == metric), None)
    if not samples or any(declared_samples(facts.view, trial, metric) is None for trial in measured):
        return ()
    return (facts.of_value(f"samples.{metric}", samples, text=f"{samples:,}", field="study.objective.samples"),)
