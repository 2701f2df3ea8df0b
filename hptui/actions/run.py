"""Start, resume and extend a study: from its file or by its name, always detached."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hptui.actions.budget import of_stage, with_trials
from hptui.actions.process import defaults_of, holder
from hptui.actions.steer import change_spec, request, study_of
from hptui.actions.studies import find_study
from hptui.model.errors import Locked, MachineError, StudyError, UserError, did_you_mean
from hptui.model.study import Study, Until
from hptui.model.trial import StudyState
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rundir import holding

START_SECONDS = 20.0
LIMIT = "search: has no limit"
"""A warning that `run` gives in its own words."""


@dataclass(frozen=True, slots=True)
class Started:
    """What `run` did: `notes` are sentences for the person; `joined` means that it was running already."""

    sd: StudyDir
    notes: tuple[str, ...]
    joined: bool


def runner_alive(sd: StudyDir) -> dict[str, object]:
    """{alive, pid, host, since} of the study's runner."""
    return holder(sd)


def run(
    home: Path,
    ref: str,
    *,
    trials: str | None = None,
    settings: Mapping[str, str] | None = None,
    parallel: int | None = None,
    output: str | None = None,
) -> Started:
    """Start or resume the study `ref` (a study file, or a name in HOME); extend it with `trials` = "20" or "+5".

    On a study that runs already, changes become requests to its runner.
    """
    changes = dict(settings or {})
    if parallel is not None:
        changes["resources.parallel"] = str(parallel)
    if output is not None:
        changes["report.write"] = str(Path(output).absolute())
    if _is_file(ref):
        sd, notes = _from_file(home, Path(ref), trials, changes)
    else:
        sd, notes = _by_name(home, ref, trials, changes)
    before = holder(sd)
    # A runner that is there may be about to leave: only one that answers will stay.
    resting = not before["alive"] or _state(sd) is not StudyState.RUNNING
    request(sd, "resume" if resting else "here", {})
    after = holder(sd)
    joined = bool(before["alive"] and after["alive"] and before["pid"] == after["pid"])
    if not after["alive"]:
        _start(sd)
    return Started(sd, tuple(notes), joined)


def run_from(home: Path, ref: str, source: str, changes: Mapping[str, str], **options: Any) -> Started:
    """Queue a run of the trial `source` (a number, a name, or best) with changed settings, and start the study."""
    from hptui.actions.byhand import read_settings
    from hptui.actions.studies import find_trial

    sd = find_study(home, ref)
    with Reader(sd) as reader:
        trial = find_trial(reader, source)
    said = request(sd, "rerun", {"trial": trial.number, "params": read_settings(sd, changes)})
    started = run(home, ref, **options)
    return replace(started, notes=(said.partition(";")[0], *started.notes))


def go_on(sd: StudyDir) -> bool:
    """Start a runner for a study that has just been asked to go on; False when one lives already."""
    if holder(sd)["alive"]:
        return False
    _start(sd)
    return True


def _is_file(ref: str) -> bool:
    if Path(ref).suffix in (".toml", ".yaml", ".yml") or os.sep in ref:
        if not Path(ref).is_file():
            if Path(ref).is_dir() and StudyDir(Path(ref).absolute()).exists():
                return False
            raise UserError(f"there is no study file {ref!r}", hint="give a study file, or the name of a study")
        return True
    return False


def _state(sd: StudyDir) -> StudyState:
    with Reader(sd) as reader:
        return StudyState(reader.study().state)


# from a file ----------------------------------------------------------------------------------------------------


def read(path: Path, changes: Mapping[str, str]) -> Study:
    """A study file, checked against its trainer's settings, with `--set` values put onto it."""
    from hptui.storage import studyfile
    from hptui.trainers import registry

    study = studyfile.load(path, schema=registry.schema)
    return able(studyfile.override(study, dict(changes), registry.schema) if changes else study)


def able(study: Study) -> Study:
    """The study, if its trainer can do what it asks for."""
    from hptui.trainers import registry

    if study.search.evaluate_base and not registry.evaluates_base(study.trainer.kind):
        can = f"those that can: {', '.join(sorted(registry.BASE))}" if registry.BASE else ""
        what = f"the trainer {study.trainer.kind!r} cannot measure its model without training it"
        raise StudyError(what, file=study.source, where="search.evaluate_base", value=True, hint=can)
    known = registry.measures(study.trainer.kind)
    for name in (objective.metric for objective in study.objectives):
        if known and name not in known:
            what = f"the trainer {study.trainer.kind!r} reports no {name!r}"
            raise StudyError(
                what, file=study.source, where="objective.metric", value=name, hint=did_you_mean(name, known)
            )
    return study


def _from_file(home: Path, path: Path, trials: str | None, changes: Mapping[str, str]) -> tuple[StudyDir, list[str]]:
    """What was set on the command line before outlives a run from the file, and so does a raised budget."""
    plain = read(path, {})
    sd = StudyDir.of(home, plain.name)
    known = sd.exists()
    changes = {**of_stage(plain, trials, sd if known else None), **changes}
    overrides = {**(_remembered(sd, "overrides") if known else {}), **changes}
    study = read(path, overrides) if overrides else plain
    facts = {"file": studyfile_json(plain), "overrides": overrides}
    if not known:
        study = with_trials(study, trials, None)
        if _created(sd, study, facts):
            return sd, _notes(sd, study)
    old = study_of(sd)
    _same_study(sd, old, study)
    if trials is None and _remembered(sd, "file").get("search", {}).get("trials") == plain.search.trials:
        study = replace(study, search=replace(study.search, trials=old.search.trials))
    study = with_trials(study, trials, sd)
    said = change_spec(sd, study, "", facts=facts)
    return sd, [] if said == "nothing changed" else [said]


def _notes(sd: StudyDir, study: Study) -> list[str]:
    from hptui.storage import studyfile
    from hptui.trainers import registry

    notes = [f"new study {study.name!r} in {sd.root}"]
    notes += [f"warning: {text}" for text in studyfile.warnings(study, registry.schema) if not text.startswith(LIMIT)]
    endless = study.search.trials is None and not study.stages
    if endless and study.search.until == Until() and study.search.sampler not in ("grid", "list"):
        notes.append("[search] trials is not set: the search runs until it is stopped")
    return notes


def studyfile_json(study: Study) -> dict[str, Any]:
    """A study as the store keeps it."""
    from hptui.storage import studyfile

    return dict(studyfile.to_json(study))


def _remembered(sd: StudyDir, key: str) -> dict[str, Any]:
    """What the store remembers of the file or the command line that the study was last run from."""
    with Reader(sd) as reader:
        found: dict[str, Any] = json.loads(reader.get_meta(key) or "{}")
    return found


def _created(sd: StudyDir, study: Study, facts: Mapping[str, Any]) -> bool:
    """Make the study; False when somebody else has made it in this very moment."""
    try:
        create(sd, study, facts)
    except (Locked, UserError):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if sd.exists():
                return False
            time.sleep(0.02)
        raise
    return True


def _same_study(sd: StudyDir, old: Study, new: Study) -> None:
    """A study is HOME plus name; another file, another metric or another trainer is another study."""
    hint = f"give one of them another name, or remove the old one: hptui rm {sd.name}"
    if old.source and new.source and old.source != new.source and Path(old.source).exists():
        raise UserError(f"the study {sd.name!r} was made from {old.source}, not from {new.source}", hint=hint)
    if old.objectives != new.objectives:
        was, is_ = (", ".join(f"{o.goal} {o.metric}" for o in study.objectives) for study in (old, new))
        raise StudyError(
            f"the study has been run to {was}, not to {is_}", file=new.source, where="objective", hint=hint
        )
    if old.trainer.kind != new.trainer.kind:
        text = f"the study has been run with {old.trainer.kind!r}, not with {new.trainer.kind!r}"
        raise StudyError(text, file=new.source, where="trainer.kind", hint=hint)


def create(sd: StudyDir, study: Study, facts: Mapping[str, Any] | None = None) -> None:
    """Make the directory and store of a new study, with its baseline and listed trials recorded."""
    from hptui.running import warmstart
    from hptui.running.setup import keep_defaults, record_written
    from hptui.storage import studyfile
    from hptui.storage.disks import refuse_network
    from hptui.storage.store import Store

    sources = warmstart.gather(study, sd.root.parent)
    before = os.umask(0o077)
    try:
        sd.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_network(sd.root)
        with holding(sd.lock) as free:
            if not free:
                raise Locked(f"another process is just making the study {sd.name!r}")
            store = Store.create(sd, studyfile.to_json(study), study.name)
            try:
                keep_defaults(store, defaults_of(study))
                for key, value in (facts or {}).items():
                    store.set_meta(key, json.dumps(value))
                warmstart.keep(store, study, sources)
                record_written(store, study)
            finally:
                store.close()
    except OSError as error:
        raise MachineError(f"{sd.root} cannot be made: {error}", hint="choose another place with --home") from error
    finally:
        os.umask(before)


# by name --------------------------------------------------------------------------------------------------------


def _by_name(home: Path, ref: str, trials: str | None, changes: Mapping[str, str]) -> tuple[StudyDir, list[str]]:
    from hptui.storage import studyfile
    from hptui.storage.studyfile.samplers import check_abilities
    from hptui.trainers import registry

    sd = find_study(home, ref)
    study = study_of(sd)
    changes = {**of_stage(study, trials, sd), **changes}
    new = with_trials(study, trials, sd)
    check_abilities(new)  # what its sampler needs may have gone since
    if changes:
        new = able(studyfile.override(new, dict(changes), registry.schema))
    if new == study:
        return sd, []
    _same_study(sd, study, new)
    overrides = {**_remembered(sd, "overrides"), **changes}
    return sd, [change_spec(sd, new, "", facts={"overrides": overrides})]


# the process ----------------------------------------------------------------------------------------------------


def _start(sd: StudyDir) -> None:
    """Start the runner, detached from this terminal, and wait until it holds the lock."""
    before = os.umask(0o077)
    try:
        with sd.runner_log.open("ab") as log:
            offset = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "hptui.actions.process", str(sd.root)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
    finally:
        os.umask(before)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            _ended_at_once(sd, process.returncode, offset)
            return
        now = holder(sd)
        if now["alive"] and now["pid"] == process.pid and now["ready"] is not False:
            process.returncode = 0  # it is not ours to wait for any more
            return
        time.sleep(0.02)
    raise MachineError(
        f"the runner of {sd.name!r} did not start within {START_SECONDS:g} s", hint=f"see {sd.runner_log}"
    )


def _ended_at_once(sd: StudyDir, code: int, offset: int) -> None:
    if code == 0:
        return  # nothing was left to do
    with sd.runner_log.open("rb") as log:
        log.seek(offset)
        lines = log.read().decode(errors="replace").strip().splitlines()
    if code == Locked.exit_code:
        facts = holder(sd)
        if facts["host"] in (None, socket.gethostname()):
            return  # somebody here was faster: the study runs
        raise Locked(f"another runner holds {sd.name!r}: pid {facts['pid']} on {facts['host']}")
    raise MachineError(
        f"the runner ended at once: {_reason(lines) or f'exit code {code}'}", hint=f"see {sd.runner_log}"
    )


def _reason(lines: list[str]) -> str:
    """The last error that a runner has logged, with its hint; else the last line."""
    starts = [n for n, line in enumerate(lines) if " ERROR " in line]
    if not starts:
        return lines[-1] if lines else ""
    return "\n".join([lines[starts[-1]].partition(": ")[2], *lines[starts[-1] + 1 :]][:3])
