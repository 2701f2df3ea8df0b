"""The sections `Reproduce` (seeds, switches, commands) and `Where these numbers are from`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from hptui.core.format import setting
from hptui.core.masking import mask_text
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.core.values import value_text
from hptui.core.version import __version__
from hptui.results.analysis.cohort import varying_settings
from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, join_parts, line

MAX_COMMANDS = 50
"""Number of commands listed."""


def reproduce(facts: FactWriter) -> Iterator[Block]:
    """Yield what a repetition needs, then a command for each trial, or for the best ones of many."""
    lines = tuple(_reproduction_lines(facts, facts.data.environment(facts.data.best)))
    if lines or facts.study.source:
        yield Heading(2, ("Reproduce",))
    if lines:
        yield Bullets(lines)
    own_trials = [trial for trial in facts.view.trials if trial.role is not Role.BASE]
    all_fit = len(own_trials) <= MAX_COMMANDS
    trials = own_trials if all_fit else facts.data.order[:MAX_COMMANDS] or own_trials[:MAX_COMMANDS]
    rows: list[Line] = []
    if facts.study.source:
        rows.append((Name(f"hptui run {quote(Path(facts.study.source).name)}"),))
    rows += [_add_command(facts, trial) for trial in sorted(trials, key=lambda trial: trial.number)]
    if rows:
        yield CodeBlock("sh", tuple(rows))
    if any(trial.role is Role.IMPORTED for trial in trials):
        yield Paragraph(("What an import does not say is as in the study file then.",))
    if not all_fit:
        listed_numbers = {trial.number for trial in trials}
        yield Paragraph(
            line(
                "These are the best; the other {n} can be run the same way: `hptui export` writes the settings.",
                n=facts.count_with_noun(
                    "reproduce.rest", [trial for trial in own_trials if trial.number not in listed_numbers], "trial"
                ),
            )
        )


def _reproduction_lines(facts: FactWriter, environment: Mapping[str, Any]) -> Iterator[Line]:
    own_trials = [trial for trial in facts.view.trials if trial.role is not Role.IMPORTED]  # imports record no seed
    seeds = sorted({trial.seed for trial in own_trials})
    if seeds:
        seeds_text = join_parts(
            Fact(f"seed.{seed}", seed, str(seed), tuple(trial.number for trial in own_trials if trial.seed == seed))
            for seed in seeds[:10]
        )
        yield (Bold(("Seeds of the training",)), ": ", *seeds_text)
    switches = environment.get("determinism")
    if isinstance(switches, Mapping) and switches:
        yield (
            Bold(("Determinism",)),
            ": ",
            *join_parts(
                Name(f"{name} = {setting(value)}") for name, value in switches.items() if value not in ("", None)
            ),
        )
    if command := _script_command(facts):
        yield (Bold(("Command of the best trial",)), ": ", Name(command, code=True))
    if environment.get("git_commit"):
        yield (Bold(("Commit",)), ": ", Name(str(environment["git_commit"]), code=True))


def _script_command(facts: FactWriter) -> str:
    """Return the command by which the best trial's script was started; never another trial's."""
    attempts = facts.data.attempts.get(facts.data.best.number, ()) if facts.data.best is not None else ()
    commands = (str(attempt.environment["command"]) for attempt in attempts if attempt.environment.get("command"))
    return mask_text(next(commands, ""))


def _add_command(facts: FactWriter, trial: Trial) -> Line:
    params, name = dict(trial.params), quote(facts.view.row.name)
    if trial.replicate_of is not None:
        text = f"hptui add {name} --repeat {trial.replicate_of}"
        fact = Fact(f"reproduce.{trial.number}", trial.replicate_of, text, (trial.number,), "replicate_of")
    elif params:
        words = " ".join(f"{quote(key)}={quote(exact_value(value))}" for key, value in params.items())
        if trial.continued_from is not None:
            words = f"--like {trial.continued_from[0]} --from-checkpoint {words}"
        fact = Fact(f"reproduce.{trial.number}", params, f"hptui add {name} {words}", (trial.number,), "params")
    else:
        fact = Fact(
            f"reproduce.{trial.number}", params, f"hptui add {name} {_baseline_words(facts, trial)}", (trial.number,)
        )
    outcome = "" if trial.status is TrialStatus.COMPLETE else f", {trial.status}"
    origin = ", imported" if trial.role is Role.IMPORTED else ""
    return (fact, "  # ", *facts.trial(trial), origin, outcome)


def _baseline_words(facts: FactWriter, trial: Trial) -> str:
    """Return the baseline's settings that other trials vary, since `hptui add` requires at least one."""
    settings = facts.view.settings(trial)
    names = [
        name
        for name in varying_settings(facts.view, facts.data.order or facts.view.trials)
        if settings.get(name) is not None
    ]
    words = [f"{quote(name)}={quote(exact_value(settings[name]))}" for name in names]
    return " ".join(words) or f"--repeat {trial.number}"


def exact_value(value: Any) -> str:
    """Return a value exactly, as `hptui add` reads it."""
    return value_text(value)


def provenance(facts: FactWriter) -> Iterator[Block]:
    """Yield the program, the data and the time of the report, and how to verify it."""
    yield Heading(2, ("Where these numbers are from",))
    moment = datetime.fromtimestamp(facts.data.asof, UTC)
    last = facts.view.trials[-1].number if facts.view.trials else None
    text = line(
        "Every number above was computed by hptui {version} from the recorded trials of study {name} "
        "({uuid}), as of {moment}",
        version=Fact("hptui", __version__, __version__),
        name=Name(facts.view.row.name, code=True),
        uuid=Name(facts.view.row.uuid, code=True),
        moment=Fact("asof", facts.data.asof, f"{moment:%Y-%m-%d %H:%M} UTC", (), "study.asof"),
    )
    if len(facts.view.trials) == 1:
        text += line(" ({trial})", trial=facts.trial(facts.view.trials[0]))
    elif last is not None:
        text += line(
            " (trials {first} to {last})",
            first=facts.number(facts.view.trials[0]),
            last=facts.number(facts.view.trials[-1]),
        )
    yield Paragraph(
        (
            *text,
            ". What was not measured is –. Where this report was written into a folder, the `facts.json` beside it "
            "maps each number to its trials, and `hptui report --check` reads both against the store.",
        )
    )
