"""`hptui export`: a configuration, all trials, or a whole study, for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hptui.cli.common import Face, pass_face, study_argument, trial_argument
from hptui.cli.text import say

FORMATS = ("yaml", "json", "toml", "csv", "flags", "python", "optuna")


@click.command("export")
@study_argument()
@trial_argument(required=False)
@click.option(
    "--format", "how", type=click.Choice(FORMATS), help="How to write it (default: by FILE's ending, or yaml)."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to (default: stdout).")
@click.option("--params-only", is_flag=True, help="Only what the trial changed, without the other settings.")
@click.option("--hyphens", is_flag=True, help="Flags with hyphens: --learning-rate.")
@click.option("--archive", is_flag=True, help="The whole study as one .tar.gz, also while it runs.")
@click.option("--no-checkpoints", is_flag=True, help="Leave checkpoints out of the archive.")
@pass_face
def export_(
    face: Face,
    study: str,
    trial: str | None,
    how: str | None,
    output: Path | None,
    params_only: bool,
    hyphens: bool,
    archive: bool,
    no_checkpoints: bool,
) -> None:
    """Write the configuration of TRIAL (a number, a name, `best`; or `all`) of STUDY for another program.

    The names are the trainer's own and numbers stay numbers. `optuna` makes a storage that Optuna's dashboard opens.
    """
    from hptui.actions.export import export

    sd = face.study(study)
    if archive:
        _archive(face, study, output, checkpoints=not no_checkpoints)
        return
    if trial is None:
        raise click.UsageError("which trial? a number, a name, `best`, or `all`; or --archive for the whole study")
    chosen = how or _by_ending(output)
    text = export(sd, trial, chosen, changed_only=params_only, hyphens=hyphens, output=output)
    if text is None:
        say(f"written to {output}")
    else:
        sys.stdout.write(text)  # not cleaned: it is a file in the making, escaped by its own rules


def _by_ending(output: Path | None) -> str:
    endings = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml", ".csv": "csv", ".py": "python"}
    endings |= {".db": "optuna", ".sqlite3": "optuna"}
    return endings.get(output.suffix.lower(), "yaml") if output else "yaml"


def _archive(face: Face, study: str, output: Path | None, *, checkpoints: bool) -> None:
    from hptui.actions.archive import archive
    from hptui.model.format import size

    sd = face.study(study)
    target = output or Path(f"{sd.name}.tar.gz")
    target = target / f"{sd.name}.tar.gz" if target.is_dir() else target
    count = archive(sd, target, checkpoints=checkpoints)
    say(f"{count} files, {size(target.stat().st_size)}: {target}")
