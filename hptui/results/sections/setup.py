"""The sections `Setup`, `The best configuration` and `Checkpoints of the best trial`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from shlex import quote
from typing import Any

from hptui.core.format import NO_VALUE, setting
from hptui.core.trial import Role, Value
from hptui.core.values import canonical_json, is_number
from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph, ReportTable
from hptui.results.export.text_formats import toml_text
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, join_parts, join_with_and
from hptui.results.roles import training_and_validation
from hptui.results.sections.examples import split_blocks

MODEL_SETTINGS = ("model", "model_name", "base_model", "model_name_or_path")
"""Settings that name the model."""
DATA_SETTINGS = ("train", "dataset", "data", "train_file", "text", "validation", "test")
"""Settings that name the data."""
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "numpy")
"""Packages whose versions are listed."""
METHODS = {"none": "training of all weights", "lora": "LoRA", "qlora": "LoRA on a model in four bits"}
"""Name of the method by the setting `adapter`."""
MAX_WARNINGS = 10
"""Warnings that are listed; of more their number is stated."""


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
    own += _whose_environment(facts, environment)
    yield Bullets((*_training_lines(facts), *own, *_machine_lines(environment), *_software_lines(environment)))
    yield from split_blocks(facts)
    yield from _warnings(facts)


def labelled_line(label: str, *parts: Any) -> Line:
    """Return a labelled line: `**Model**: …`."""
    return (Bold((label,)), ": ", *parts)


def recorded_fact(key: str, value: Any) -> Fact:
    """Return a recorded value that belongs to no single trial."""
    return Fact(key, value, setting(value))


ENVIRONMENT_PARTS: Mapping[str, tuple[str, ...]] = {
    "GPU": ("gpu", "gpu_memory_gb"),
    "CPU": ("cpu", "cores", "ram_gb"),
    "system": ("os",),
    "versions": ("python", "hptui", "packages"),
    "code": ("git_commit", "git_dirty"),
}
"""Facts of an environment by what the lines of a machine and its software are called."""


def _whose_environment(facts: FactWriter, environment: Mapping[str, Any]) -> list[Line]:
    """Return in what the environments of trials differ, and whose the lines below are."""
    trials = [trial for trial in facts.view.trials if trial.role is not Role.IMPORTED]
    all_attempts = chain.from_iterable(facts.data.attempts.get(trial.number, ()) for trial in trials)
    known = [attempt.environment for attempt in all_attempts if attempt.environment]
    differing = [
        part
        for part, names in ENVIRONMENT_PARTS.items()
        if any(_differ(other.get(name), environment.get(name)) for other in known for name in names)
    ]
    if not differing:
        return []
    best = facts.data.best
    has_own = best is not None and any(attempt.environment for attempt in facts.data.attempts.get(best.number, ()))
    whose: Line = ("the best trial",) if has_own else ("one of them",)
    return [labelled_line("Not the same for all trials", *join_with_and(differing), "; these lines are of ", *whose)]


def _differ(first: Any, second: Any) -> bool:
    """Return whether two recorded facts differ; what one of them lacks is not known."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return any(first[name] != second[name] for name in first.keys() & second.keys())
    return first is not None and second is not None and first != second


def _values_used(facts: FactWriter, name: str) -> list[Value]:
    """Return the values that a setting had in the trials that began, the study file's first."""
    values = [facts.view.base.get(name)]
    begun = [trial for trial in facts.view.trials if trial.started is not None and trial.role is not Role.IMPORTED]
    used = [facts.view.settings(trial).get(name) for trial in begun]
    if used:
        values = [value for value in values if value in used] + used
    return list({canonical_json(value): value for value in values}.values())


def _training_lines(facts: FactWriter) -> Iterator[Line]:
    base = facts.view.base
    for name in MODEL_SETTINGS:
        if base.get(name):
            yield labelled_line("Model", *_named(_values_used(facts, name)))
            break
    methods = _methods(facts)
    if methods and all(methods):
        yield labelled_line("Method", *join_parts(methods, ", ", " or "))
    yield labelled_line("Trainer", Name(facts.study.trainer.kind, code=True))
    for name in DATA_SETTINGS:
        if isinstance(base.get(name), str) and base[name]:
            yield labelled_line("Data", Name(name, code=True), " = ", *_named(_values_used(facts, name)))


def _named(values: Sequence[Value]) -> Line:
    """Return the values of a setting: those that several trials had are alternatives."""
    return join_parts((Name(str(value), code=True) for value in values), ", ", " or ")


def _methods(facts: FactWriter) -> list[str]:
    """Return what the trials trained; '' for what is not known by its name, no method where none is named."""
    if isinstance(facts.view.base.get("adapter"), str):
        return [METHODS.get(str(value), "") for value in _values_used(facts, "adapter")]
    names = [name for name in facts.view.base if "lora" in name]
    values = [value for name in names for value in _values_used(facts, name)]
    has_lora = any(is_number(value) and value > 0 for value in values) and not any(value is False for value in values)
    return ["LoRA"] if has_lora else []


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


def _warnings(facts: FactWriter) -> Iterator[Block]:
    warnings = facts.data.facts.get("warnings")
    texts = [str(warning) for warning in warnings] if isinstance(warnings, list) else []
    texts += [event.message for event in facts.data.warnings]
    if texts:
        distinct = list(dict.fromkeys(texts))
        hidden = len(distinct) - MAX_WARNINGS
        yield Paragraph(("What was said while the study ran:",))
        more: list[Line] = [(facts.of_value("warnings.more", hidden), " more")] if hidden > 0 else []
        yield Bullets((*((Name(text),) for text in distinct[:MAX_WARNINGS]), *more))


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
