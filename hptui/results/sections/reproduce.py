"""The sections `Reproduce` (seeds, switches, commands) and `Where these numbers are from`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from hptui.core.command_settings import COMMAND_KIND
from hptui.core.format import setting
from hptui.core.masking import mask_text
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.core.values import value_text
from hptui.core.version import __version__
from hptui.results.analysis.next_steps import of_earlier_files
from hptui.results.analysis.samplers import chosen_by_values
from hptui.results.analysis.seeding import seeding_of
from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, join_parts, line

MAX_SEEDS = 10
"""Seeds that are listed; of more their number is stated."""


def reproduce(facts: FactWriter) -> Iterator[Block]:
    """Yield the command that runs the study again, and one for each trial added by hand."""
    lines = tuple(_reproduction_lines(facts, facts.data.environment(facts.data.best)))
    rows: list[Line] = []
    if facts.study.source:
        rows.append((Name(f"hptui run {quote(Path(facts.study.source).name)}{_changed_number(facts)}"),))
    by_hand = [trial for trial in facts.view.trials if trial.role is Role.MANUAL]
    by_hand += _repeats_by_hand(facts)
    rows += [_add_command(facts, trial) for trial in sorted(by_hand, key=lambda trial: trial.number)]
    if by_hand:
        rows.append((Name(f"hptui run {quote(facts.view.row.name)}"),))  # what was added waits for it
    if not lines and not rows:
        return
    yield Heading(2, ("Reproduce",))
    if lines:
        yield Bullets(lines)
    if rows:
        yield CodeBlock("sh", tuple(rows))
    if facts.study.source and rows:
        listed = ", then those that were added by hand" if by_hand else ""
        anew = "Where no study has this name (`--home` names another place) it runs every trial of the study file"
        yield Paragraph((f"{anew}{listed}; here it goes on with what is recorded.",))
        if edited := of_earlier_files(facts.view, facts.data.revisions):
            text = "The file has been edited since {trials} began: as it is now it does not give those trials{rest}."
            rest = _that_rest_on(facts, edited)
            yield Paragraph(line(text, trials=facts.trials(edited, "reproduce.edited"), rest=rest))
    if any(trial.role is Role.IMPORTED for trial in facts.view.trials):
        yield Paragraph(("Imported trials ran elsewhere: what ran there, no command here repeats.",))


def _repeats_by_hand(facts: FactWriter) -> list[Trial]:
    """Return the repeats that no stage asks for: those of a configuration beyond the `seeds` of its stage."""
    seeds = {stage.name: stage.seeds for stage in facts.study.stages}
    repeats: dict[int, list[Trial]] = {}
    for trial in facts.view.trials:
        if trial.role is Role.REPLICATE and trial.replicate_of is not None:
            repeats.setdefault(trial.replicate_of, []).append(trial)
    by_hand = []
    for number, runs in repeats.items():
        original = facts.view.by_number.get(number)
        by_hand += runs[seeds.get(original.stage, 1) - 1 if original is not None else 0 :]
    return by_hand


def _changed_number(facts: FactWriter) -> str:
    """Return the option for the number of trials where it was changed: the file may have another."""
    trials = facts.study.search.trials
    earlier = {(revision.spec.get("search") or {}).get("trials") for revision in facts.data.revisions}
    is_changed = trials is not None and not facts.study.stages and bool(earlier - {trials})
    return f" --trials {trials}" if is_changed else ""


def _that_rest_on(facts: FactWriter, edited: Sequence[Trial]) -> Line:
    """Return that trials which a search proposed later by the values of earlier ones are not given either."""
    numbers = {trial.number for trial in edited}
    later = [trial for trial in facts.view.trials if trial.number > min(numbers) and trial.number not in numbers]
    later = chosen_by_values(facts.view, later, facts.data.knowledge)
    if not later:
        return ()
    n = facts.count("reproduce.later", later)
    return line(", nor the {n} that the search chose by their values", n=n)


def _reproduction_lines(facts: FactWriter, environment: Mapping[str, Any]) -> Iterator[Line]:
    own_trials = [trial for trial in facts.view.trials if trial.role is not Role.IMPORTED]  # imports record no seed
    seeds = sorted({trial.seed for trial in own_trials})
    if seeds:
        seeds_text = join_parts(
            Fact(f"seed.{seed}", seed, str(seed), tuple(trial.number for trial in own_trials if trial.seed == seed))
            for seed in seeds[:MAX_SEEDS]
        )
        hidden = len(seeds) - MAX_SEEDS
        more: Line = (" and ", Fact("seeds.more", hidden, str(hidden)), " more") if hidden > 0 else ()
        unused = "" if seeding_of(facts.study).is_given else ", which the script is not given"
        yield (Bold(("Seeds of the training",)), ": ", *seeds_text, *more, unused)
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
        yield (Bold(("Command of the best trial",)), ": ", Name(command, code=True), _not_in_command(facts))
    if environment.get("git_commit"):
        yield (Bold(("Commit",)), ": ", Name(str(environment["git_commit"]), code=True))


def _script_command(facts: FactWriter) -> str:
    """Return the command of the best trial's script; '' where a trainer of hptui's own ran."""
    if facts.study.trainer.kind != COMMAND_KIND:
        return ""
    attempts = facts.data.attempts.get(facts.data.best.number, ()) if facts.data.best is not None else ()
    commands = (str(attempt.environment["command"]) for attempt in attempts if attempt.environment.get("command"))
    return mask_text(next(commands, ""))


def _not_in_command(facts: FactWriter) -> str:
    """Return that the command alone does not have the trial's settings; '' where it has them."""
    settings = facts.study.trainer.settings
    style, variables = settings.get("style"), settings.get("env")
    if style == "wandb":
        return "; what it reads from `wandb.config` is not in this line"
    has_mark = isinstance(variables, Mapping) and any("{" in str(text) for text in variables.values())
    return "; what it reads from environment variables is not in this line" if style == "env" or has_mark else ""


def _add_command(facts: FactWriter, trial: Trial) -> Line:
    params, name = dict(trial.params), quote(facts.view.row.name)
    if trial.replicate_of is not None:
        text = f"hptui add {name} --repeat {trial.replicate_of}"
        fact = Fact(f"reproduce.{trial.number}", trial.replicate_of, text, (trial.number,), "replicate_of")
    else:
        words = " ".join(f"{quote(key)}={quote(value_text(value))}" for key, value in params.items())
        words = words or f"--repeat {trial.number}"
        if trial.continued_from is not None:
            words = f"--like {trial.continued_from[0]} --from-checkpoint {words}".rstrip()
        fact = Fact(f"reproduce.{trial.number}", params, f"hptui add {name} {words}", (trial.number,), "params")
    outcome = "" if trial.status is TrialStatus.COMPLETE else f", {trial.status}"
    return (fact, "  # ", *facts.trial(trial), outcome)


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
