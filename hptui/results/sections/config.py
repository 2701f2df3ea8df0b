"""The sections `Best configuration` and `Checkpoints of the best trial`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from hptui.model.format import NO_VALUE
from hptui.model.scripts import COMMAND_KIND
from hptui.results.document import Block, CodeBlock, Heading, Paragraph, ReportTable
from hptui.results.export.json_text import json_text
from hptui.results.export.shell_text import flag_arguments
from hptui.results.export.yaml_text import yaml_text
from hptui.results.facts import Bold, Fact, Line
from hptui.results.roles import training_and_validation
from hptui.results.teller import FactWriter


def config(facts: FactWriter) -> Iterator[Block]:
    """Yield the best configuration as YAML, JSON and flags.

    No flags for a command trainer: which options a script has is known only from its own command, given in
    `Reproduce`.
    """
    trial = facts.data.best
    if trial is None:
        return
    yield Heading(2, ("Best configuration",))
    set_names = {*facts.view.trainers.get(trial.revision, facts.study.trainer.settings), *trial.params}
    settings = {
        name: value
        for name, value in facts.view.settings(trial).items()
        if name in set_names and value not in ("", None)
    }
    texts = [("YAML", "yaml", yaml_text(settings)), ("JSON", "json", json_text(settings))]
    if facts.study.trainer.kind != COMMAND_KIND:
        texts.append(("Flags", "sh", " \\\n  ".join(map(shlex.quote, flag_arguments(settings)))))
    for label, language, text in texts:
        yield Paragraph((Bold((label,)), ":"))
        rows = [
            (Fact(f"config.{language}.{n}", row, row, (trial.number,)),) if row.strip() else (row,)
            for n, row in enumerate(text.rstrip("\n").split("\n"))
        ]
        yield CodeBlock(language, tuple(rows))
    if len(settings) < len(facts.view.settings(trial)):
        yield Paragraph(("What is not listed has the trainer's own defaults; `hptui export` writes those, too.",))


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
