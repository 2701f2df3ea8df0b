"""`hptui doctor`, `paths`, `completion`: this machine's state, where everything is, completion in a shell."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from hptui.cli.common import Context, json_option, pass_context, study_argument, trial_argument
from hptui.cli.output import OutputColumn, write_facts, write_json, write_rows

LEVEL_SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


@click.command(
    "doctor",
    help="""Look over this machine and all studies in HOME, or thoroughly over STUDY. Changes nothing
    without --repair.

    Exit code 1 when something is wrong; a warning is not.
    """,
)
@click.option(
    "--repair",
    is_flag=True,
    help="Record how attempts of STUDY ended that nobody recorded, and set aside files of theirs that cannot be read. "
    "Nothing is deleted; no runner may live.",
)
@click.option(
    "--gpu",
    is_flag=True,
    help="Try every GPU as well, each in a process of its own: computing, attention, a 4-bit layer, memory, forking.",
)
@click.option("--probe", is_flag=True, help="Run a job of some seconds on the cluster of STUDY (Slurm).")
@study_argument(required=False)
@json_option
@pass_context
def doctor_(context: Context, study: str | None, as_json: bool, repair: bool, gpu: bool, probe: bool) -> int:
    """Print the findings on this machine and its studies; return 1 if any is an error."""
    from hptui.operations.doctor import examine
    from hptui.operations.doctor_study import Finding, worst_level

    repaired = []
    if repair:
        if study is None:
            raise click.UsageError("--repair needs the name of a study: hptui doctor --repair STUDY")
        from hptui.operations.repair import repair as repair_study

        sd = context.study(study)
        done = repair_study(sd) or ["nothing was left to repair"]
        repaired = [Finding("repair", "ok", sentence, study=sd.name) for sentence in done]
    if probe and study is None:
        raise click.UsageError("--probe needs the name of a study: hptui doctor --probe STUDY")
    findings = [*repaired, *examine(context.home, [context.study(study)] if study else None, probe=probe)]
    if gpu:
        from hptui.operations.gpu_check import examine_gpus

        findings += examine_gpus()
    rows = [asdict(finding) for finding in findings]
    if as_json:
        write_json(rows)
    else:
        columns = [
            OutputColumn("level", " ", LEVEL_SIGNS.__getitem__),
            OutputColumn("check"),
            OutputColumn("study"),
            OutputColumn("message"),
        ]
        write_rows([*columns, OutputColumn("hint", "what to do")], rows)
    return 1 if worst_level(findings) == "error" else 0


@click.command(
    "paths",
    help="""Where HOME is; where everything of STUDY is, or of one TRIAL.""",
)
@study_argument(required=False)
@trial_argument(required=False)
@json_option
@pass_context
def paths_(context: Context, study: str | None, trial: str | None, as_json: bool) -> None:
    """Print the paths of HOME, of a study, or of a trial."""
    from hptui.operations.find import path_table

    paths = {name: str(path) for name, path in path_table(context.home, study, trial).items()}
    if as_json:
        write_json(paths)
    else:
        write_facts(paths)


SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    help="""Print the completion script for SHELL (default: the one you use).

    bash: eval "$(hptui completion bash)" in ~/.bashrc; zsh the same in ~/.zshrc;
    fish: hptui completion fish > ~/.config/fish/completions/hptui.fish
    """,
)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def completion_(ctx: click.Context, shell: str | None) -> None:
    """Print the completion script of a shell."""
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(f"which shell? one of {', '.join(SHELLS)}")
    completion_class = get_completion_class(name)
    assert completion_class is not None  # click supports all of SHELLS
    root = ctx.find_root().command
    sys.stdout.write(completion_class(root, {}, "hptui", "_HPTUI_COMPLETE").source() + "\n")
