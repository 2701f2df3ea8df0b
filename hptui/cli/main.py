"""The `hptui` command. A verb's module is imported when the verb is called; each error becomes a line and an exit code.

0 done    1 failed    2 usage or invalid study file    3 ended without a usable trial
4 another runner holds the study    5 no such study or trial    130 interrupted
"""

from __future__ import annotations

import errno
import gc
import os
import re
import signal
import sys
import warnings
from pathlib import Path
from typing import NoReturn

import click

from hptui import plugins
from hptui.cli.common import Context
from hptui.cli.output import message
from hptui.core.errors import HptuiError, Unsupported, did_you_mean
from hptui.core.interrupt import interrupted, raise_again
from hptui.core.masking import mask_text
from hptui.core.version import __version__

OVERFLOW = "(overflow|underflow|invalid value|divide by zero) encountered"
"""Beginning of numpy's warnings about values beyond its range: what cannot be computed is not shown, which says it."""
OBJECTS_PER_COLLECTION = 10_000
"""New objects until garbage is looked for: what verbs read of a large study is no garbage, and Python asks at 700."""
_contexts: list[Context] = []
"""The context of this call, for the crash report, which click's own context does not reach."""


class VerbGroup(click.Group):
    """The group of all verbs, which imports the module of a verb when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(plugins.names("commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if not _is_verb(cmd_name):
            return None
        command = plugins.load("commands", cmd_name, "command", os.getcwd())
        if not isinstance(command, click.Command):
            raise Unsupported(f"the verb {cmd_name!r} is of the class {type(command).__name__}, not click.Command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and not _is_verb(args[0]):
            hint = _hint_for(ctx, args[0]) or did_you_mean(args[0], plugins.names("commands", installed=True))
            raise click.UsageError(f"there is no verb {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            verbs = [plugins.spec("commands", name) for name in plugins.names("commands")]
            formatter.write_dl([(verb.name, verb.help) for verb in verbs])


def _is_verb(word: str) -> bool:
    """Return whether a word is a verb of ours, of an installed package, or `module:Object`."""
    if word in plugins.names("commands"):
        return True
    return re.fullmatch(r"[\w.]+:[\w.]+", word) is not None or word in plugins.names("commands", installed=True)


def _hint_for(ctx: click.Context, word: str) -> str:
    """Return a hint for a word that is no verb but a study file or a study; '' for any other word."""
    if word.endswith(".toml") or (word.endswith((".yaml", ".yml")) and Path(word).is_file()):
        return f"{word} is a study file: hptui run {word}"
    from hptui.store.paths import find_home, list_studies

    home = find_home(ctx.params.get("home"))
    return f"{word} is a study: hptui open {word}" if word in [sd.name for sd in list_studies(home)] else ""


@click.group(
    cls=VerbGroup,
    help="""Tune hyperparameters on the machine you are logged in to. Without a verb: the screens.

    A study is a TOML file: what to train, what to vary, what to measure. `hptui run FILE` carries it out, detached, and
    everything that happens is kept in one directory.
    """,
    invoke_without_command=True,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--home", metavar="DIR", help="Where studies are kept (else $HPTUI_HOME, the nearest .hptui, ./.hptui).")
@click.option("--no-color", is_flag=True, help="No colours; $NO_COLOR says the same.")
@click.option("--readonly", is_flag=True, help="Screens whose keys change nothing.")
@click.option("--slow", is_flag=True, help="Screens for a slow line.")
@click.version_option(__version__, "-V", "--version", message="hptui %(version)s")
@click.pass_context
def cli(ctx: click.Context, home: str | None, no_color: bool, readonly: bool, slow: bool) -> int:
    """Take the options of the program; without a verb, open the screens or print the help."""
    if no_color:
        os.environ["NO_COLOR"] = "1"
    ctx.obj = Context(home, readonly, slow)
    _contexts.append(ctx.obj)
    if ctx.invoked_subcommand is not None:
        return 0
    if not sys.stdout.isatty():  # no screens in a pipe or a job: print the help
        click.echo(ctx.get_help())
        return 0
    from hptui.cli.open import open_

    return int(ctx.invoke(open_) or 0)


def main() -> NoReturn:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    warnings.filterwarnings("ignore", OVERFLOW, RuntimeWarning)
    gc.set_threshold(OBJECTS_PER_COLLECTION, 10, 10)
    handler = signal.getsignal(signal.SIGINT)
    early = handler is interrupted  # set in `hptui/__init__`, while modules were imported
    try:
        if early:
            sys.unraisablehook = raise_again
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = _guarded(sys.argv[1:])
        if early:
            signal.signal(signal.SIGINT, handler)  # the interpreter's own end takes a moment
    except KeyboardInterrupt:  # before the command line was reached, or while another one was answered
        code = 130
    sys.exit(code)


def _guarded(arguments: list[str]) -> int:
    """Run the command line and return its exit code; each error is printed as one line."""
    try:
        code = cli.main(arguments, prog_name="hptui", standalone_mode=False)
        sys.stdout.flush()
    except HptuiError as error:
        message(f"hptui: {error}")
        return error.exit_code
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx is not None else ""
        message(f"{usage}\nhptui: {error.format_message()}".strip())
        return 2
    except click.ClickException as error:
        message(f"hptui: {error.format_message()}")
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        message("")
        return 130
    except BrokenPipeError:
        # The reader of stdout has closed it, as `head` does: the interpreter's last flush must not fail, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            message(f"hptui: {str(error.filename)[:60]}…: no name is that long")
            return 2
        message(f"hptui: {error.filename or 'the machine'}: {error.strerror or error}")
        return 1
    except Exception as error:  # noqa: BLE001  users see one line, not a traceback, which is kept in a file
        return _crashed(error)
    return code if isinstance(code, int) else 0


def _crashed(error: Exception) -> int:
    """Keep the traceback in a file, print one line with its path, and return exit code 1."""
    import tempfile
    import time
    import traceback

    from hptui.store.paths import find_home

    text = "".join(traceback.format_exception(error))
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    home = _contexts[-1].home if _contexts else find_home()
    for folder in ([home / "crashes"] if home.is_dir() else []) + [Path(tempfile.gettempdir())]:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            path = folder / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"hptui {__version__}\n\n{mask_text(text)}")
        except OSError:
            continue
        message(f"hptui: a bug in hptui: {type(error).__name__}: {error}\n  the whole story is in {path}")
        return 1
    message(f"hptui: a bug in hptui: {type(error).__name__}: {error}\n{text}")
    return 1
