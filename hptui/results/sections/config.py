"""The best configuration to take along, and the checkpoints that it left."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from hptui.model.format import NOTHING
from hptui.model.scripts import KIND
from hptui.results.document import Block, Code, Heading, Paragraph, Table
from hptui.results.export.json_text import json_text
from hptui.results.export.shell_text import flags
from hptui.results.export.yaml_text import yaml_text
from hptui.results.facts import Fact, Line, Strong
from hptui.results.roles import counterpart
from hptui.results.teller import Teller


def config(t: Teller) -> Iterator[Block]:
    """The best configuration as YAML, JSON and flags. Which flags a script of one's own knows is its own affair: the
    command that ran stands with what reproduces the study."""
    trial = t.record.best
    if trial is None:
        return
    yield Heading(2, ("Best configuration",))
    own = {*t.view.trainers.get(trial.revision, t.study.trainer.settings), *trial.params}
    settings = {
        name: value for name, value in t.view.settings(trial).items() if name in own and value not in ("", None)
    }
    texts = [("YAML", "yaml", yaml_text(settings)), ("JSON", "json", json_text(settings))]
    if t.study.trainer.kind != KIND:
        texts.append(("Flags", "sh", " \\\n  ".join(map(shlex.quote, flags(settings)))))
    for label, language, text in texts:
        yield Paragraph((Strong((label,)), ":"))
        rows = [
            (Fact(f"config.{language}.{n}", row, row, (trial.number,)),) if row.strip() else (row,)
            for n, row in enumerate(text.rstrip("\n").split("\n"))
        ]
        yield Code(language, tuple(rows))
    if len(settings) < len(t.view.settings(trial)):
        yield Paragraph(("What is not listed has the trainer's own defaults; `hptui export` writes those, too.",))


def checkpoints(t: Teller) -> Iterator[Block]:
    """Step, training and validation value of each checkpoint of the best trial."""
    trial = t.record.best
    if trial is None or not t.record.checkpoints:
        return
    yield Heading(2, ("Checkpoints of the best trial",))
    yield Paragraph(("Each with the newest values that were known when it was written.",))
    curves = t.record.curves.get(trial.number, {})
    wanted = (*counterpart(t.record.metric, curves), t.record.metric)
    names = list(dict.fromkeys(name for name in wanted if name is not None and name in curves))
    rows = []
    for one in t.record.checkpoints:
        cells: list[Line] = [(t.plain(f"checkpoint.{one.step}", one.step, [trial]),)]
        for name in names:
            known = [value for step, value, _ in curves[name] if step <= one.step]
            key = f"checkpoint.{one.step}.{name}"
            cells.append((t.of_metric(key, name, known[-1], [trial]),) if known else (NOTHING,))
        rows.append(tuple(cells))
    yield Table((("Step",), *((t.name(name),) for name in names)), tuple(rows), frozenset(range(len(names) + 1)))
