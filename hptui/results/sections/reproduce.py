"""How to run it again: seeds, versions, commands; and where every number of the report is from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

import hptui
from hptui.model.format import setting
from hptui.model.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import varied
from hptui.results.document import Block, Bullets, Code, Heading, Paragraph
from hptui.results.facts import Fact, Line, Name, Strong, joined, line
from hptui.results.teller import Teller

MOST = 50


def reproduce(t: Teller) -> Iterator[Block]:
    """Reproducibility facts, then a command for each of the best trials."""
    facts = tuple(_facts(t, t.record.environment(t.record.best)))
    if facts or t.study.source:
        yield Heading(2, ("Reproduce",))
    if facts:
        yield Bullets(facts)
    own = [trial for trial in t.view.trials if trial.role is not Role.BASE]
    few = len(own) <= MOST
    trials = own if few else t.record.order[:MOST] or own[:MOST]
    rows: list[Line] = []
    if t.study.source:
        rows.append((Name(f"hptui run {quote(Path(t.study.source).name)}"),))
    rows += [_command(t, trial) for trial in sorted(trials, key=lambda trial: trial.number)]
    if rows:
        yield Code("sh", tuple(rows))
    if any(trial.role is Role.IMPORTED for trial in trials):
        yield Paragraph(("What an import does not say is as in the study file then.",))
    if not few:
        shown = {trial.number for trial in trials}
        yield Paragraph(
            line(
                "These are the best; the other {n} can be run the same way: `hptui export` writes the settings.",
                n=t.many("reproduce.rest", [trial for trial in own if trial.number not in shown], "trial"),
            )
        )


def _facts(t: Teller, environment: Mapping[str, Any]) -> Iterator[Line]:
    own = [trial for trial in t.view.trials if trial.role is not Role.IMPORTED]  # of others it is not known
    seeds = sorted({trial.seed for trial in own})
    if seeds:
        told = joined(
            Fact(f"seed.{seed}", seed, str(seed), tuple(one.number for one in own if one.seed == seed))
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
    if command := _started(t):
        yield (Strong(("Command of the best trial",)), ": ", Name(command, code=True))
    if environment.get("git_commit"):
        yield (Strong(("Commit",)), ": ", Name(str(environment["git_commit"]), code=True))


def _started(t: Teller) -> str:
    """How the script of the best trial was started: never another trial's."""
    attempts = t.record.attempts.get(t.record.best.number, ()) if t.record.best is not None else ()
    return next((str(one.environment["command"]) for one in attempts if one.environment.get("command")), "")


def _command(t: Teller, trial: Trial) -> Line:
    own, name = dict(trial.params), quote(t.view.row.name)
    if trial.replicate_of is not None:
        text = f"hptui add {name} --repeat {trial.replicate_of}"
        fact = Fact(f"reproduce.{trial.number}", trial.replicate_of, text, (trial.number,), "replicate_of")
    elif own:
        words = " ".join(f"{quote(key)}={quote(setting_text(value))}" for key, value in own.items())
        if trial.continued is not None:
            words = f"--like {trial.continued[0]} --from-checkpoint {words}"
        fact = Fact(f"reproduce.{trial.number}", own, f"hptui add {name} {words}", (trial.number,), "params")
    else:
        fact = Fact(f"reproduce.{trial.number}", own, f"hptui add {name} {_as_it_is(t, trial)}", (trial.number,))
    became = "" if trial.status is TrialStatus.COMPLETE else f", {trial.status}"
    origin = ", imported" if trial.role is Role.IMPORTED else ""
    return (fact, "  # ", *t.trial(trial), origin, became)


def _as_it_is(t: Teller, trial: Trial) -> str:
    """The study's own settings, said: at least those that other trials vary, for `hptui add` wants one."""
    settings = t.view.settings(trial)
    known = [name for name in varied(t.view, t.record.order or t.view.trials) if settings.get(name) is not None]
    said = [f"{quote(name)}={quote(setting_text(settings[name]))}" for name in known]
    return " ".join(said) or f"--repeat {trial.number}"


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
    if len(t.view.trials) == 1:
        told += line(" ({trial})", trial=t.trial(t.view.trials[0]))
    elif last is not None:
        told += line(" (trials {first} to {last})", first=t.number(t.view.trials[0]), last=t.number(t.view.trials[-1]))
    yield Paragraph(
        (
            *told,
            ". What was not measured is –. Where this report was written into a folder, the `facts.json` beside it "
            "maps each number to its trials, and `hptui report --check` reads both against the store.",
        )
    )
