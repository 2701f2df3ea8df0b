"""`hptui check` validates a study file and may try its heaviest configuration; `hptui new` writes a study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hptui.cli.common import Context, complete_changes, json_option, parse_pairs, pass_context
from hptui.cli.output import message, write_facts, write_json
from hptui.core.errors import named_in_errors
from hptui.core.format import duration, memory, metric, setting, settings, share_text

if TYPE_CHECKING:
    from hptui.operations.check import CheckResult, DryRunResult
    from hptui.operations.memory_fit import FitAttempt, MemoryFit


@click.command(
    "check",
    help="""Check the study FILE: every mistake with its place and the nearest right spelling. Nothing is started.

    A user's script is asked with `--help` whether it knows its parameters. For a fine-tuning, model and data are looked
    at: missing files and columns are mistakes, leaks between splits and a small validation set are warnings.

    With --try two steps of the configuration that should need most memory are run, and time, disk and memory of the
    whole study are forecast from them.

    With --fit batch_size the heaviest configuration is run for two steps with its batch_size, then with twice as much,
    and so on until memory runs out; three quarters of the last value that fitted are proposed.
    """,
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--try", "try_", is_flag=True, help="Really run two steps of the heaviest configuration.")
@click.option("--fit", metavar="SETTING", help="Double SETTING until memory runs out, and propose a value.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Check it with this setting.",
    shell_complete=complete_changes,
)
@json_option
@pass_context
def check_(context: Context, file: Path, try_: bool, fit: str | None, changes: tuple[str, ...], as_json: bool) -> None:
    """Validate a study file and print its facts; optionally try it, or fit a setting to memory."""
    from hptui.operations.check import check, dry_run, preflight
    from hptui.operations.dry_run import facts_summary, prepare_facts

    overrides = parse_pairs(changes, "learning_rate=1e-4")
    checked = check(file, overrides, context.home)
    with named_in_errors(str(file)):
        preview_facts = prepare_facts(checked.study, context.home)
        warnings = (*checked.warnings, *preflight(checked.study), *preview_facts.warnings)
    checked = replace(checked, warnings=warnings, facts={**checked.facts, **facts_summary(preview_facts.facts)})
    for warning in checked.warnings:
        message(f"warning: {warning}")
    tried = None
    if try_:
        message("trying the heaviest configuration ...")
        tried = dry_run(file, overrides, context.home)
        for warning in tried.warnings:
            message(f"warning: {warning}")
    fitted = _fit(context, file, fit, overrides) if fit else None
    if as_json:
        write_json({**_json(checked, tried), "fit": fitted.to_json() if fitted else None})
        return
    write_facts({name: setting(value) for name, value in checked.facts.items() if value is not None})
    if tried is not None:
        write_facts(_tried(tried))
    if fitted is not None:
        write_facts(_fitted(fitted))
    message(f"{file} is right" + (f", with {_count(checked.warnings)}" if checked.warnings else ""))


def _fit(context: Context, file: Path, name: str, overrides: Mapping[str, str]) -> MemoryFit:
    from hptui.operations.memory_fit import find_memory_fit

    def report_attempt(attempt: FitAttempt) -> None:
        peak = f", {memory(attempt.peak)} at most" if attempt.peak else ""
        spare = f" with {share_text(attempt.to_spare)} to spare" if attempt.to_spare is not None else ""
        outcome = f"fits{spare}{peak}" if attempt.fits else f"does not fit ({attempt.message})"
        message(f"{name}={attempt.value}: {outcome}")

    return find_memory_fit(file, name, overrides, context.home, report_attempt)


def _fitted(fitted: MemoryFit) -> dict[str, str]:
    if fitted.fails is None:
        why = f"{fitted.fits} fits, and memory does not grow with it"
    else:
        spare = next((attempt.to_spare for attempt in fitted.attempts if attempt.value == fitted.fits), None)
        left = f" (with {share_text(spare)} to spare)" if spare is not None else ""
        why = f"three quarters of {fitted.fits}, the last that fitted{left}; {fitted.fails} does not"
    return {"proposed": f"{fitted.setting} = {fitted.proposed}: {why}"}


def _count(warnings: Sequence[str]) -> str:
    return "one warning" if len(warnings) == 1 else f"{len(warnings)} warnings"


def _json(checked: CheckResult, tried: DryRunResult | None) -> dict[str, Any]:
    from dataclasses import asdict

    facts = {"name": checked.study.name, "warnings": list(checked.warnings), "facts": dict(checked.facts)}
    return {**facts, "try": asdict(tried) if tried is not None else None}


def _tried(tried: DryRunResult) -> dict[str, str]:
    """Return what the trial run of two steps measured, and the forecasts made from it."""

    def formatted(value: float | None, formatter: Any) -> str:
        return "unknown" if value is None else formatter(value)

    return {
        "tried": settings(tried.settings),
        "metrics": ", ".join(f"{name}={metric(value)}" for name, value in tried.metrics.items()),
        "start-up": duration(tried.startup_seconds),
        "one step": formatted(tried.step_seconds, lambda seconds: f"{seconds:.3g} s"),
        "steps": str(tried.total_steps or "unknown"),
        "one trial": formatted(tried.trial_seconds, duration),
        "the study": formatted(tried.study_seconds, duration),
        "peak memory": formatted(tried.peak_rss_gb, memory),
        "peak GPU memory": formatted(tried.peak_gpu_gb, memory) if tried.peak_gpu_gb else "",
        "checkpoints": formatted(tried.disk_gb, memory) + f" of {memory(tried.free_disk_gb)} free",
    }


@click.command(
    "new",
    help="""Write a study file for SOURCE: a training script, a W&B sweep.yaml, a file of
    LLaMA-Factory, axolotl or trl, or one of our trainers by name.

    A script is read, never run: its parameters with their defaults, usual ranges as comments, and how they are said.
    """,
)
@click.argument("source")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the study file there.")
@click.option("--schema", is_flag=True, help="Also write its JSON Schema, and name it in the first line for editors.")
@click.option("--no-laws", is_flag=True, help="Ranges and first proposals without published laws.")
@pass_context
def new_(context: Context, source: str, output: Path | None, schema: bool, no_laws: bool) -> None:
    """Write a study file for a script, a sweep file or a built-in trainer."""
    from hptui.operations.new import write_study_file

    path, notes = write_study_file(source, output, schema, laws=not no_laws)
    for note in notes:
        message(f"note: {note}")
    message(f"wrote {path}: choose what to search in [space], then: hptui check {path}")
