"""`hptui export` writes recorded trials for other programs; `hptui import` records trials of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from hptui import plugins
from hptui.cli.common import (
    Context,
    by_option,
    complete_studies,
    is_given,
    parse_pairs,
    pass_context,
    refuse,
    study_argument,
    trial_argument,
)
from hptui.cli.output import OutputColumn, message, write_document, write_rows

LIKE_KINDS = ("optuna-study-results", "ax-results", "hptui")


def _known_format(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Return the name of a format: a built-in one, one of an installed package, or `module:Object`."""
    if name is None or name in plugins.names("exporters") or ":" in name:
        return name
    return str(click.Choice(plugins.names("exporters", installed=True)).convert(name, param, ctx))


def _complete_formats(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in plugins.names("exporters") if name.startswith(incomplete)]


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
    metavar=f"[{'|'.join(plugins.names('exporters'))}]",
    callback=_known_format,
    shell_complete=_complete_formats,
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
@by_option
@click.option("--archive", is_flag=True, help="The whole study as one .tar.gz, also while it runs.")
@click.option("--no-checkpoints", is_flag=True, help="Leave checkpoints out of the archive.")
@click.option("--redact", is_flag=True, help="An archive without secrets: it can be read, but not run again.")
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
    by: str,
    archive: bool,
    no_checkpoints: bool,
    redact: bool,
) -> None:
    """Write a trial's configuration, all trials, or the whole study for another program."""
    from hptui.operations.export import export, exporter, format_of, notes_on_best
    from hptui.operations.redact import secrets_in
    from hptui.results.export.formats import ExportRequest

    style = {"--params-only": params_only, "--hyphens": hyphens, "--prefix": prefix, "--by": is_given("by")}
    wanted = {"TRIAL": trial, "--format": how, **style}
    if archive:
        refuse({**wanted, "--like": like, "--rename": rename}, "--archive holds the whole study as it is recorded")
    refuse({"--no-checkpoints": no_checkpoints and not archive}, "say it with --archive: no other export has any")
    if like:
        refuse(wanted, "--like writes files of its own: it goes with -o and --rename alone")
    refuse({"--by": is_given("by") and trial != "best"}, "it says which trial `best` is: STUDY best --by fresh")
    sd = context.study(study)
    names = parse_pairs(rename, "--rename lora_rank=lora_r")
    if archive:
        _archive(context, study, output, checkpoints=not no_checkpoints, redact=redact)
        return
    if redact:
        raise click.UsageError("--redact goes with --archive: every other export masks secrets anyway")
    if like:
        from hptui.operations.result_files import write_file_set

        for path in write_file_set(sd, like, output or Path(), names):
            message(f"written to {path}")
        return
    chosen_format = how or (format_of(output) if output else "yaml")
    if trial is None and exporter(chosen_format, str(Path.cwd())).scope != "study":
        raise click.UsageError("which trial? a number, a name, `best`, or `all`; or --archive for the whole study")
    _refuse_unused(chosen_format, trial or "all", {**style, "--rename": rename})
    request = ExportRequest(chosen_format, params_only, hyphens, prefix, names, output)
    text = export(sd, trial or "all", request, by)
    for note in notes_on_best(sd, by) if trial == "best" else ():
        message(f"note: {note}")
    if places := secrets_in(sd):
        message(f"note: secrets are masked: {', '.join(places[:5])}{' …' if len(places) > 5 else ''}")
    if text is None:
        message(f"written to {output}")
    else:
        write_document(text)


TAKES: Mapping[str, frozenset[str]] = {
    "--hyphens": frozenset({"flags"}),
    "--prefix": frozenset({"env"}),
    "--params-only": frozenset({"yaml", "json", "toml", "csv", "flags", "python", "env"}),
    "--rename": frozenset({"yaml", "json", "toml", "csv", "flags", "python", "env", "parquet", "sweep"}),
}
"""The built-in formats that an option changes."""


def _refuse_unused(how: str, trial: str, given: Mapping[str, object]) -> None:
    """Refuse an option that a built-in format would ignore.

    One of an installed package takes what it takes.
    """
    if how not in plugins.names("exporters"):
        return
    for name, formats in TAKES.items():
        if how not in formats:
            refuse({name: given[name]}, f"{how} has no use for it; it goes with {_listed(sorted(formats))}")
    if trial == "all" and how != "flags":
        refuse({"--params-only": given["--params-only"]}, "all trials are a table of everything; say which trial")
    if how == "sweep" and trial != "all":
        raise click.UsageError(f"a sweep is the whole study, not trial {trial}: leave it out")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _archive(context: Context, study: str, output: Path | None, *, checkpoints: bool, redact: bool) -> None:
    from hptui.core.format import size
    from hptui.operations.export import archive
    from hptui.operations.redact import secrets_in

    sd = context.study(study)
    target = output or Path(f"{sd.name}.tar.gz")
    target = target / f"{sd.name}.tar.gz" if target.is_dir() else target
    places = secrets_in(sd)
    if places and not redact:
        message(f"warning: the archive holds secrets ({', '.join(places[:5])}): --redact writes one without")
    count = archive(sd, target, checkpoints=checkpoints, redact=redact)
    message(f"{count} files, {size(target.stat().st_size)}: {target}")


MAX_PREVIEW_ROWS = 20
"""Rows that `--dry-run` prints."""


def _sweep(file: Path, output: Path | None, study: str) -> None:
    """Write a sweep file as a study file in TOML."""
    from hptui.operations.new import write_study_file

    if study:
        raise click.UsageError("a sweep file becomes a study file: --into does not go with it")
    path, notes = write_study_file(str(file), output)
    for note in notes:
        message(f"note: {note}")
    message(f"wrote {path}; hptui run {path}")


@click.command(
    "import",
    help="""Record the experiments in FILE, an Optuna study (SQLite) or a CSV, as trials of a study that has
    been started.

    They are marked as imported, with the file, its hash and the row that each is from. They inform the sampler where
    all searched settings are known, and do not count against the number of trials. What FILE does not say stays
    unknown. FILE may be imported again: what is there already is left out.

    A W&B sweep file (.yaml) becomes a study file instead, with everything that was understood otherwise as comments.
    """,
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--into", "study", default="", metavar="STUDY", shell_complete=complete_studies, help="Which study gets them."
)
@click.option(
    "--map", "mapping", multiple=True, metavar="COLUMN=NAME", help="What a column is: lr=learning_rate. Repeatable."
)
@click.option(
    "--objective", multiple=True, metavar="COLUMN", help="Which column holds the objective; one for each there is."
)
@click.option("--study", "theirs", default="", metavar="NAME", help="Which study of an Optuna file that holds several.")
@click.option("--dry-run", is_flag=True, help="Only say what would be recorded.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Of a sweep: the file to write.")
@pass_context
def import_(
    context: Context,
    file: Path,
    study: str,
    mapping: tuple[str, ...],
    objective: tuple[str, ...],
    theirs: str,
    dry_run: bool,
    output: Path | None,
) -> None:
    """Record experiments from a file as trials of a study, or convert a sweep file."""
    if file.suffix in (".yaml", ".yml"):
        unused = {"--map": mapping, "--objective": objective, "--study": theirs, "--dry-run": dry_run}
        refuse(unused, "a sweep file becomes a study file as it is: only -o goes with it")
        _sweep(file, output, study)
        return
    if not study:
        raise click.UsageError("--into STUDY is needed: which study gets the experiments?")
    refuse({"-o": output}, "experiments are recorded in a study, and no file is written")
    from hptui.core.errors import UserError
    from hptui.operations.imports import plan_import, run_import

    names = {}
    for word in mapping:
        column, equals, name = word.rpartition("=")
        if not equals or not column:
            raise UserError(f"--map {word!r} is not of the form COLUMN=NAME", hint="--map lr=learning_rate")
        names[column.strip()] = name.strip()
    sd = context.study(study)
    planned = plan_import(sd, file, names=names, objectives=objective, study=theirs)
    if dry_run:
        keys = dict.fromkeys(name for row in planned.rows for name in (*row.params, *(row.values or {})))
        columns = [OutputColumn("from", "from"), OutputColumn("status", "status")]
        columns += [OutputColumn(name, name) for name in keys]
        rows = [
            {"from": row.location, "status": row.status, **row.params, **(row.values or {})} for row in planned.rows
        ]
        write_rows(columns, rows[:MAX_PREVIEW_ROWS])
        if len(planned.rows) > MAX_PREVIEW_ROWS:
            message(f"… and {len(planned.rows) - MAX_PREVIEW_ROWS} more")
        message(
            f"would record {len(planned.rows)} ({planned.counts}); {planned.informs} of them would inform the sampler"
        )
    else:
        message(run_import(sd, planned))
    if planned.left_out:
        message(f"columns left out: {', '.join(planned.left_out)}  (--map COLUMN=NAME takes one)")
    for note in planned.notes:
        message(note)
