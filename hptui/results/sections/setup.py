"""Setup: model, data and their splits, hardware, versions, code."""

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
DATA = ("train", "dataset", "data", "train_file", "text", "validation", "test")
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "numpy")
METHODS = {"none": "training of all weights", "lora": "LoRA", "qlora": "LoRA on a model in four bits"}
SMALL = 100
"""A validation set with fewer examples decides little."""


def setup(t: Teller) -> Iterator[Block]:
    """What was trained, on what, with what."""
    yield Heading(2, ("Setup",))
    environment = t.record.environment(t.record.best)
    yield Bullets((*_trained(t), *_machine(environment), *_code(environment)))
    yield from _splits(t)
    yield from _warned(t)


def item(label: str, *parts: Any) -> Line:
    """`**Model**: …`."""
    return (Strong((label,)), ": ", *parts)


def said(key: str, value: Any) -> Fact:
    """A recorded value that belongs to no single trial."""
    return Fact(key, value, setting(value))


def _trained(t: Teller) -> Iterator[Line]:
    base = t.view.base
    for name in MODELS:
        if base.get(name):
            yield item("Model", Name(str(base[name]), code=True))
            break
    adapter = base.get("adapter")
    if isinstance(adapter, str):
        yield item("Method", METHODS.get(adapter, "LoRA"))
    elif any("lora" in name for name in base):
        yield item("Method", "LoRA")
    yield item("Trainer", Name(t.study.trainer.kind, code=True))
    for name in DATA:
        if isinstance(base.get(name), str) and base[name]:
            yield item("Data", Name(name, code=True), " = ", Name(str(base[name]), code=True))


def _machine(environment: Mapping[str, Any]) -> Iterator[Line]:
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


def _code(environment: Mapping[str, Any]) -> Iterator[Line]:
    packages = environment.get("packages")
    known = packages if isinstance(packages, Mapping) else {}
    found = [("Python", environment.get("python")), ("hptui", environment.get("hptui"))]
    found += [(name, known.get(name)) for name in PACKAGES]
    versions = [(Name(f"{name} {version}"),) for name, version in found if version]
    if versions:
        yield item("Versions", *joined(versions))
    commit = environment.get("git_commit")
    if commit:
        dirty = ", with changes that were not committed" if environment.get("git_dirty") else ""
        yield item("Code", "commit ", Name(str(commit)[:12], code=True), dirty)


def splits_of(t: Teller) -> dict[str, float]:
    """Examples by split, as the trainer told them of the data."""
    found: dict[str, float] = {}
    for source in (t.record.facts, t.record.best.facts if t.record.best else {}):
        for split in ("train", "validation", "test"):
            if is_number(value := source.get(f"{split}_examples")):
                found.setdefault(split, value)
    return found


def _splits(t: Teller) -> Iterator[Block]:
    splits = splits_of(t)
    total = sum(splits.values())
    if not splits or not total:
        return
    rows = []
    for name, count in splits.items():
        share = t.plain(f"data.{name}.share", count / total, text=f"{count / total:.1%}")
        how = t.record.facts.get(f"{name}_source")
        rows.append(
            (
                (Name(name),),
                (t.plain(f"data.{name}", count, text=f"{count:,.0f}", field=f"facts.{name}_examples"),),
                (share,),
                (Name(str(how)),) if how else (NOTHING,),
            )
        )
    yield Table((("Split",), ("Examples",), ("Share",), ("From",)), tuple(rows), frozenset({1, 2}))
    for name, count in splits.items():
        if name != "train" and 0 < count < SMALL:
            n = t.plain(f"data.{name}", count, text=f"{count:,.0f}", field=f"facts.{name}_examples")
            yield Paragraph(
                line(
                    "The {name} set holds only {n} examples: small differences measured on it are within its noise.",
                    name=Name(name),
                    n=n,
                )
            )


def _warned(t: Teller) -> Iterator[Block]:
    warnings = t.record.facts.get("warnings")
    texts = [str(one) for one in warnings] if isinstance(warnings, list) else []
    texts += [event.message for event in t.record.warnings]
    if texts:
        yield Paragraph(("What was said while the study ran:",))
        yield Bullets(tuple((Name(text),) for text in dict.fromkeys(texts))[:10])


def behind(t: Teller, metric: str) -> Fact | None:
    """How many examples are behind one value of a metric, where that is known."""
    for trial in t.view.trials:
        if is_number(n := trial.metrics.get(metric + TOTAL)) and n > 0:
            return t.plain(f"samples.{metric}", int(n), [trial], text=f"{n:,.0f}", field=f"metrics.{metric}{TOTAL}")
    samples = next((one.samples for one in t.study.objectives if one.metric == metric), None)
    return (
        t.plain(f"samples.{metric}", samples, text=f"{samples:,}", field="study.objective.samples") if samples else None
    )
