"""`hptui export`: write a configuration, all trials, or a whole study for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hptui.cli.common import Context, parse_pairs, pass_context, study_argument, trial_argument
from hptui.cli.text import message

TEXT_FORMATS = ("yaml", "json", "toml", "csv", "flags", "python", "env")
STUDY_FORMATS = ("parquet", "optuna", "ax", "sweep", "tensorboard", "wandb")
LIKE_KINDS = ("optuna-study-results", "ax-results", "hptui")
FORMAT_BY_SUFFIX = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".csv": "csv",
    ".py": "python",
    ".env": "env",
    ".sh": "flags",
    ".parquet": "parquet",
    ".db": "optuna",
    ".sqlite3": "optuna",
}


@click.command(
    "export",
    help="""Write the configuration of TRIAL (a number, a name, `best`; or `all`) of STUDY for another program.

    A configuration is complete, the trainer's defaults included, and numbers stay numbers. `optuna` makes a storage
    that Optuna's dashboard opens, `ax` a snapshot of Ax's client, `sweep` a W&B sweep file, `tensorboard` and `wandb`
    folders of runs, nothing of which is sent anywhere.
    """,
)
@study_argument()
@trial_argument(required=False)
@click.option(
    "--format",
    "how",
    type=click.Choice([*TEXT_FORMATS, *STUDY_FORMATS]),
    help="How to write it (default: by FILE's ending, or yaml).",
)
@click.option(
    "--like", type=click.Choice(LIKE_KINDS), help="The files that such search scripts write, into a folder (-o)."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to (default: stdout).")
@click.option(
    "--rename", multiple=True, metavar="OURS=THEIRS", help="Another name for a setting: lora_rank=lora_r. Repeatable."
)
@click.option("--params-only", is_flag=True, help="Only what the trial changed, without the other settings.")
@click.option("--hyphens", is_flag=True, help="Flags with hyphens: --learning-rate.")
@click.option("--prefix", default="", metavar="TEXT", help="What variables of the environment begin with: HP_.")
@click.option("--archive", is_flag=True, help="The whole study as one .tar.gz, also while it runs.")
@click.option("--no-checkpoints", is_flag=True, help="Leave checkpoints out of the archive.")
@pass_context
def export_(
    context: Context,
    study: str,
    trial: str | None,
    how: str | None,
    like: str | None,
    output: Path | None,
    rename: tuple[str, ...],
    params_only: bool,
    hyphens: bool,
    prefix: str,
    archive: bool,
    no_checkpoints: bool,
) -> None:
    """Write a trial's configuration, all trials, or the whole study for another program."""
    from hptui.actions.export import ExportRequest, export

    sd = context.study(study)
    names = parse_pairs(rename, "--rename lora_rank=lora_r")
    if archive:
        _archive(context, study, output, checkpoints=not no_checkpoints)
        return
    if like:
        from hptui.actions.files import write_file_set

        for path in write_file_set(sd, like, output or Path(), names):
            message(f"written to {path}")
        return
    chosen_format = how or (FORMAT_BY_SUFFIX.get(output.suffix.lower(), "yaml") if output else "yaml")
    if trial is None and chosen_format not in STUDY_FORMATS:
        raise click.UsageError("which trial? a number, a name, `best`, or `all`; or --archive for the whole study")
    request = ExportRequest(chosen_format, params_only, hyphens, prefix, names, output)
    text = export(sd, trial or "all", request)
    if text is None:
        message(f"written to {output}")
    else:
        sys.stdout.write(text)  # not sanitized: the format has its own escaping


def _archive(context: Context, study: str, output: Path | None, *, checkpoints: bool) -> None:
    from hptui.actions.archive import archive
    from hptui.model.format import size

    sd = context.study(study)
    target = output or Path(f"{sd.name}.tar.gz")
    target = target / f"{sd.name}.tar.gz" if target.is_dir() else target
    count = archive(sd, target, checkpoints=checkpoints)
    message(f"{count} files, {size(target.stat().st_size)}: {target}")
