"""The sections `Setup`, `The best configuration` and `Checkpoints of the best trial`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

from hptui.core.format import NO_VALUE, TOTAL_SUFFIX, setting
from hptui.core.trial import Role
from hptui.core.values import is_number
from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph, ReportTable
from hptui.results.export.text_formats import toml_text
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, join_parts, line
from hptui.results.roles import training_and_validation

MODEL_SETTINGS = ("model", "model_name", "base_model", "model_name_or_path")
"""Settings that name the model."""
DATA_SETTINGS = ("train", "dataset", "data", "train_file", "text", "validation", "test")
"""Settings that name the data."""
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "numpy")
"""Packages whose versions are listed."""
METHODS = {"none": "training of all weights", "lora": "LoRA", "qlora": "LoRA on a model in four bits"}
"""Name of the method by the setting `adapter`."""
MIN_EVALUATION_EXAMPLES = 100
"""A validation or test set with fewer examples gets a warning."""


def setup(facts: FactWriter) -> Iterator[Block]:
    """Yield what was trained, on which data and with which hardware and software."""
    yield Heading(2, ("Setup",))
    best = facts.data.best
    environment = facts.data.environment(best)
    own: list[Line] = []
    if best is not None and best.role is Role.IMPORTED:
        own.append(
            labelled_line(
                "Machine of the best trial", NO_VALUE, ", since it was imported and nothing is recorded of it"
            )
        )
        if environment:
            own.append(("The trials that ran here:",))
    yield Bullets((*_training_lines(facts), *own, *_machine_lines(environment), *_software_lines(environment)))
    yield from _split_blocks(facts)
    yield from _warnings(facts)


def labelled_line(label: str, *parts: Any) -> Line:
    """Return a labelled line: `**Model**: …`."""
    return (Bold((label,)), ": ", *parts)


def recorded_fact(key: str, value: Any) -> Fact:
    """Return a recorded value that belongs to no single trial."""
    return Fact(key, value, setting(value))


def _training_lines(facts: FactWriter) -> Iterator[Line]:
    base = facts.view.base
    for name in MODEL_SETTINGS:
        if base.get(name):
            yield labelled_line("Model", Name(str(base[name]), code=True))
            break
    adapter = base.get("adapter")
    if isinstance(adapter, str):
        yield labelled_line("Method", METHODS.get(adapter, "LoRA"))
    elif any("lora" in name for name in base):
        yield labelled_line("Method", "LoRA")
    yield labelled_line("Trainer", Name(facts.study.trainer.kind, code=True))
    for name in DATA_SETTINGS:
        if isinstance(base.get(name), str) and base[name]:
            yield labelled_line("Data", Name(name, code=True), " = ", Name(str(base[name]), code=True))


def _machine_lines(environment: Mapping[str, Any]) -> Iterator[Line]:
    gpu, cpu = environment.get("gpu"), environment.get("cpu")
    if gpu:
        parts: list[Any] = [Name(str(gpu))]
        if is_number(environment.get("gpu_memory_gb")):
            parts += [", ", recorded_fact("environment.gpu_memory_gb", environment["gpu_memory_gb"]), " GiB"]
        yield labelled_line("GPU", *parts)
        yield from _clock_lines(environment)
    elif cpu:
        yield labelled_line("GPU", "none was used")
    if cpu:
        parts = [Name(str(cpu))]
        if is_number(environment.get("cores")):
            parts += [", ", recorded_fact("environment.cores", environment["cores"]), " cores"]
        if is_number(environment.get("ram_gb")):
            parts += [", ", recorded_fact("environment.ram_gb", environment["ram_gb"]), " GiB of memory"]
        yield labelled_line("CPU", *parts)
    if environment.get("os"):
        yield labelled_line("System", Name(str(environment["os"])))


def _clock_lines(environment: Mapping[str, Any]) -> Iterator[Line]:
    """Yield what the clocks were: times compare only where they are equal."""
    mean, slowed = environment.get("gpu_mean_clock_mhz"), environment.get("gpu_slowed_by")
    parts: list[Any] = []
    if is_number(mean):
        parts += [recorded_fact("environment.gpu_mean_clock_mhz", mean), " MHz on average"]
    if slowed:
        parts += ["; " if parts else "", f"slowed by {slowed}"]
    if parts:
        yield labelled_line("Clock", *parts)


def _software_lines(environment: Mapping[str, Any]) -> Iterator[Line]:
    packages = environment.get("packages")
    versions_by_package = packages if isinstance(packages, Mapping) else {}
    programs = [("Python", environment.get("python")), ("hptui", environment.get("hptui"))]
    programs += [(name, versions_by_package.get(name)) for name in PACKAGES]
    versions = [(Name(f"{name} {version}"),) for name, version in programs if version]
    if versions:
        yield labelled_line("Versions", *join_parts(versions))
    commit = environment.get("git_commit")
    if commit:
        dirty = ", with changes that were not committed" if environment.get("git_dirty") else ""
        yield labelled_line("Code", "commit ", Name(str(commit)[:12], code=True), dirty)


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


def _split_blocks(facts: FactWriter) -> Iterator[Block]:
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


def _warnings(facts: FactWriter) -> Iterator[Block]:
    warnings = facts.data.facts.get("warnings")
    texts = [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    texts += [event.message for event in facts.data.warnings]
    if texts:
        yield Paragraph(("What was said while the study ran:",))
        yield Bullets(tuple((Name(text),) for text in dict.fromkeys(texts))[:10])


def sample_count(facts: FactWriter, metric: str) -> Fact | None:
    """Return the number of examples that a metric is computed from; None if unknown."""
    for trial in facts.view.trials:
        if is_number(n := trial.metrics.get(metric + TOTAL_SUFFIX)) and n > 0:
            return facts.of_value(
                f"samples.{metric}", int(n), [trial], text=f"{n:,.0f}", field=f"metrics.{metric}{TOTAL_SUFFIX}"
            )
    samples = next((objective.samples for objective in facts.study.objectives if objective.metric == metric), None)
    return (
        facts.of_value(f"samples.{metric}", samples, text=f"{samples:,}", field="study.objective.samples")
        if samples
        else None
    )


def config(facts: FactWriter) -> Iterator[Block]:
    """Yield the best configuration as the `[trainer]` table of a study file."""
    trial = facts.data.best
    if trial is None:
        return
    yield Heading(2, ("The best configuration",))
    set_names = {*facts.view.trainers.get(trial.revision, facts.study.trainer.settings), *trial.params}
    settings = {
        name: value
        for name, value in facts.view.settings(trial).items()
        if name in set_names and value not in ("", None)
    }
    rows = toml_text({"kind": facts.study.trainer.kind, **settings}).rstrip("\n").split("\n")
    lines: list[Line] = [
        (Fact(f"config.{n}", row, row, (trial.number,)),) if row.strip() else (row,) for n, row in enumerate(rows)
    ]
    yield CodeBlock("toml", (("[trainer]",), *lines))
    is_partial = len(settings) < len(facts.view.settings(trial))
    rest = "What is not listed has the trainer's own defaults; " if is_partial else ""
    name = quote(facts.view.row.name)
    export = Name(f"hptui export {name} best --format yaml", code=True)
    yield Paragraph((rest, export, " writes all of it, in this or another format."))


def checkpoints(facts: FactWriter) -> Iterator[Block]:
    """Yield step, training and validation value of each checkpoint of the best trial."""
    trial = facts.data.best
    if trial is None or not facts.data.checkpoints:
        return
    yield Heading(2, ("Checkpoints of the best trial",))
    yield Paragraph(("Each with the newest values that were known when it was written.",))
    curves = facts.data.curves.get(trial.number, {})
    metrics = (*training_and_validation(facts.data.metric, curves), facts.data.metric)
    names = list(dict.fromkeys(name for name in metrics if name is not None and name in curves))
    rows = []
    for checkpoint in facts.data.checkpoints:
        cells: list[Line] = [(facts.of_value(f"checkpoint.{checkpoint.step}", checkpoint.step, [trial]),)]
        for name in names:
            values = [value for step, value, _ in curves[name] if step <= checkpoint.step]
            key = f"checkpoint.{checkpoint.step}.{name}"
            cells.append((facts.of_metric(key, name, values[-1], [trial]),) if values else (NO_VALUE,))
        rows.append(tuple(cells))
    yield ReportTable(
        (("Step",), *((facts.name(name),) for name in names)), tuple(rows), frozenset(range(len(names) + 1))
    )
