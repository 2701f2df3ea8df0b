"""The verbs: what each is called, one line about it, and where its command is. The help page reads only this."""

from __future__ import annotations

from hptui.plugins import CommandSpec


def _verb(name: str, help: str, module: str) -> CommandSpec:
    return CommandSpec(name, help, f"hptui.cli.{module}:{name}_")


OPEN = _verb("open", "The screens: all studies, or one.", "open")
NEW = _verb("new", "Write a study file for a script, a sweep file or a trainer.", "check")
RUN = _verb("run", "Start or resume a study and follow it.", "run")
CHECK = _verb("check", "Check a study file without running it.", "check")
SCHEMA = _verb("schema", "The JSON Schema of study files, for editors.", "schema")
STATUS = _verb("status", "What the studies are doing.", "status")
TRIALS = _verb("trials", "The trials of a study.", "trials")
SHOW = _verb("show", "One trial, whole.", "trials")
LOG = _verb("log", "What a trial, or the runner, has printed.", "log")
PLACES = _verb("places", "The machines on which trials run.", "places")
WAIT = _verb("wait", "Wait until a study has come to rest.", "status")
PAUSE = _verb("pause", "Save checkpoints and stop training for now.", "steer")
RESUME = _verb("resume", "Let paused trials, or the study, go on.", "steer")
STOP = _verb("stop", "End trials, or the study.", "steer")
RETRY = _verb("retry", "Run failed, pruned or stopped trials again.", "steer")
ADD = _verb("add", "Queue a hand-picked trial.", "add")
SPACE = _verb("space", "Show or change the search space.", "space")
NOTE = _verb("note", "Write a note beside a trial.", "add")
REPORT = _verb("report", "What a study has found, as a document.", "report")
EXPORT = _verb("export", "A configuration, all trials, or the whole study, for other programs.", "export")
IMPORT = _verb("import", "Earlier experiments as recorded trials; a sweep as a study file.", "export")
SERVE = _verb("serve", "The screens in a browser, on loopback.", "open")
DOCTOR = _verb("doctor", "Is all well with this machine and the studies?", "system")
PATHS = _verb("paths", "Where everything is.", "system")
DOCS = _verb("docs", "The documentation, by topic, key or words.", "docs")
PLUGINS = _verb("plugins", "Samplers, trainers, verbs and more: built in or installed.", "plugins")
RM = _verb("rm", "Remove a study.", "housekeeping")
GC = _verb("gc", "Delete checkpoints that nobody needs.", "housekeeping")
COMPLETION = _verb("completion", "Completion of verbs, studies and trials in a shell.", "system")
