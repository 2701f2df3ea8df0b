"""The section `Setup`: model, data and splits, hardware, versions, code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hptui.model.counts import TOTAL
from hptui.model.format import NOTHING, setting
from hptui.model.values import is_number
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Fact, Line, Name, Strong, joined, line
from hptui.results.teller import Teller

MODELS = ("model", "model_name", "base_model", "model_name_or_path")
"""Settings that name the model."""
DATA = ("train", "dataset", "data", "train_file", "text", "validation", "test")
"""Settings that name the data."""
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "numpy")
"""Packages whose versions are listed."""
METHODS = {"none": "training of all weights", "lora": "LoRA", "qlora": "LoRA on a model in four bits"}
"""Name of the method by the setting `adapter`."""
SMALL = 100
"""A validation or test set with fewer examples gets a warning."""


def setup(facts: Teller) -> Iterator[Block]:
    """Yield what was trained, on which data and with which hardware and software."""
    yield Heading(2, ("Setup",))
    environment = facts.record.environment(facts.record.best)
    yield Bullets((*_training_lines(facts), *_machine_lines(environment), *_software_lines(environment)))
    yield from _split_blocks(facts)
    yield from _warnings(facts)


def item(label: str, *parts: Any) -> Line:
    """Return a labelled line: `**Model**: …`."""
    return (Strong((label,)), ": ", *parts)


def said(key: str, value: Any) -> Fact:
    """Return a recorded value that belongs to no single trial."""
    return Fact(key, value, setting(value))


def _training_lines(facts: Teller) -> Iterator[Line]:
    base = facts.view.base
    for name in MODELS:
        if base.get(name):
            yield item("Model", Name(str(base[name]), code=True))
            break
    adapter = base.get("adapter")
    if isinstance(adapter, str):
        yield item("Method", METHODS.get(adapter, "LoRA"))
    elif any("lora" in name for name in base):
        yield item("Method", "LoRA")
    yield item("Trainer", Name(facts.study.trainer.kind, code=True))
    for name in DATA:
        if isinstance(base.get(name), str) and base[name]:
            yield item("Data", Name(name, code=True), " = ", Name(str(base[name]), code=True))


def _machine_lines(environment: Mapping[str, Any]) -> Iterator[Line]:
    gpu, cpu = environment.get("gpu"), environment.get("cpu")
    if gpu:
        parts: list[Any] = [Name(str(gpu))]
        if is_number(environment.get("gpu_memory_gb")):
            parts += [", ", said("environment.gpu_memory_gb", environment["gpu_memory_gb"]), " GB"]
        yield item("GPU", *parts)
    elif cpu:
        yield item("GPU", "none was used")
    if cpu:
        parts = [Name(str(cpu))]
        if is_number(environment.get("cores")):
            parts += [", ", said("environment.cores", environment["cores"]), " cores"]
        if is_number(environment.get("ram_gb")):
            parts += [", ", said("environment.ram_gb", environment["ram_gb"]), " GB of memory"]
        yield item("CPU", *parts)
    if environment.get("os"):
        yield item("System", Name(str(environment["os"])))


def _software_lines(environment: Mapping[str, Any]) -> Iterator[Line]:
    packages = environment.get("packages")
    versions_by_package = packages if isinstance(packages, Mapping) else {}
    programs = [("Python", environment.get("python")), ("hptui", environment.get("hptui"))]
    programs += [(name, versions_by_package.get(name)) for name in PACKAGES]
    versions = [(Name(f"{name} {version}"),) for name, version in programs if version]
    if versions:
        yield item("Versions", *joined(versions))
    commit = environment.get("git_commit")
    if commit:
        dirty = ", with changes that were not committed" if environment.get("git_dirty") else ""
        yield item("Code", "commit ", Name(str(commit)[:12], code=True), dirty)


def splits_of(facts: Teller) -> dict[str, float]:
    """Return the number of examples by split, as recorded by the trainer."""
    sizes: dict[str, float] = {}
    for source in (facts.record.facts, facts.record.best.facts if facts.record.best else {}):
        for split in ("train", "validation", "test"):
            if is_number(value := source.get(f"{split}_examples")):
                sizes.setdefault(split, value)
    return sizes


def _split_blocks(facts: Teller) -> Iterator[Block]:
    splits = splits_of(facts)
    total = sum(splits.values())
    if not splits or not total:
        return
    rows = []
    for name, count in splits.items():
        share = facts.plain(f"data.{name}.share", count / total, text=f"{count / total:.1%}")
        how = facts.record.facts.get(f"{name}_source")
        rows.append(
            (
                (Name(name),),
                (facts.plain(f"data.{name}", count, text=f"{count:,.0f}", field=f"facts.{name}_examples"),),
                (share,),
                (Name(str(how)),) if how else (NOTHING,),
            )
        )
    yield Table((("Split",), ("Examples",), ("Share",), ("From",)), tuple(rows), frozenset({1, 2}))
    for name, count in splits.items():
        if name != "train" and 0 < count < SMALL:
            n = facts.plain(f"data.{name}", count, text=f"{count:,.0f}", field=f"facts.{name}_examples")
            yield Paragraph(
                line(
                    "The {name} set holds only {n} examples: small differences measured on it are within its noise.",
                    name=Name(name),
                    n=n,
                )
            )


def _warnings(facts: Teller) -> Iterator[Block]:
    warnings = facts.record.facts.get("warnings")
    texts = [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    texts += [event.message for event in facts.record.warnings]
    if texts:
        yield Paragraph(("What was said while the study ran:",))
        yield Bullets(tuple((Name(text),) for text in dict.fromkeys(texts))[:10])


def behind(facts: Teller, metric: str) -> Fact | None:
    """Return the number of examples that a metric is computed from; None if unknown."""
    for trial in facts.view.trials:
        if is_number(n := trial.metrics.get(metric + TOTAL)) and n > 0:
            return facts.plain(f"samples.{metric}", int(n), [trial], text=f"{n:,.0f}", field=f"metrics.{metric}{TOTAL}")
    samples = next((objective.samples for objective in facts.study.objectives if objective.metric == metric), None)
    return (
        facts.plain(f"samples.{metric}", samples, text=f"{samples:,}", field="study.objective.samples")
        if samples
        else None
    )
