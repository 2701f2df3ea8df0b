"""How to run it again: seeds, versions, commands; and where every number of the report is from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hptui
from hptui.model.format import setting
from hptui.model.trial import Trial, TrialStatus
from hptui.results.document import Block, Bullets, Code, Heading, Paragraph
from hptui.results.export.shell_text import word
from hptui.results.facts import Fact, Line, Name, Strong, joined, line
from hptui.results.teller import Teller

MOST = 20


def reproduce(t: Teller) -> Iterator[Block]:
    """Reproducibility facts, then a command for each of the best trials."""
    yield Heading(2, ("Reproduce",))
    environment = t.record.environment(t.record.best)
    yield Bullets(tuple(_facts(t, environment)))
    trials = [
        trial for trial in (t.record.order[:MOST] or t.view.trials[:MOST]) if trial.status is TrialStatus.COMPLETE
    ]
    rows: list[Line] = []
    if t.study.source:
        rows.append((Name(f"hptui run {word(Path(t.study.source).name)}"),))
    rows += [_command(t, trial) for trial in sorted(trials, key=lambda trial: trial.number)]
    if rows:
        yield Code("sh", tuple(rows))
    rest = len(t.record.order) > MOST
    if rest:
        yield Paragraph(
            line(
                "The other {n} can be run the same way; `hptui export` writes the settings.",
                n=t.many("reproduce.rest", t.record.order[MOST:], "trial"),
            )
        )


def _facts(t: Teller, environment: Mapping[str, Any]) -> Iterator[Line]:
    seeds = sorted({trial.seed for trial in t.view.trials})
    if seeds:
        told = joined(
            Fact(f"seed.{seed}", seed, str(seed), tuple(o.number for o in t.view.trials if o.seed == seed))
            for seed in seeds[:10]
        )
        yield (Strong(("Seeds of the training",)), ": ", *told)
    switches = environment.get("determinism")
    if isinstance(switches, Mapping) and switches:
        yield (
            Strong(("Determinism",)),
            ": ",
            *joined(Name(f"{name} = {setting(value)}") for name, value in switches.items() if value not in ("", None)),
        )
    if environment.get("command"):
        yield (Strong(("Command of the trainer",)), ": ", Name(str(environment["command"]), code=True))
    if environment.get("git_commit"):
        yield (Strong(("Commit",)), ": ", Name(str(environment["git_commit"]), code=True))


def _command(t: Teller, trial: Trial) -> Line:
    own = dict(trial.params)
    words = " ".join(word(f"{name}={setting_text(value)}") for name, value in own.items())
    text = f"hptui add {t.view.row.name} {words}".rstrip()
    return (Fact(f"reproduce.{trial.number}", dict(own), text, (trial.number,), "params"), "  # ", *t.trial(trial))


def setting_text(value: Any) -> str:
    """A value exactly, as `hptui add` reads it."""
    from hptui.model.values import value_text

    return value_text(value)


def provenance(t: Teller) -> Iterator[Block]:
    """Who wrote this, from what, and how to check it."""
    yield Heading(2, ("Where these numbers are from",))
    moment = datetime.fromtimestamp(t.record.asof, UTC)
    last = t.view.trials[-1].number if t.view.trials else None
    told = line(
        "Every number above was computed by hptui {version} from the recorded trials of study {name} "
        "({uuid}), as of {moment}",
        version=Fact("hptui", hptui.__version__, hptui.__version__),
        name=Name(t.view.row.name, code=True),
        uuid=Name(t.view.row.uuid, code=True),
        moment=Fact("asof", t.record.asof, f"{moment:%Y-%m-%d %H:%M} UTC", (), "study.asof"),
    )
    if last is not None:
        told += line(" (trials {first} to {last})", first=t.number(t.view.trials[0]), last=t.number(t.view.trials[-1]))
    yield Paragraph(
        (
            *told,
            ". What was not measured is –. facts.json beside this file maps each number to its "
            "trials; `hptui report --check` reads both against the store.",
        )
    )
