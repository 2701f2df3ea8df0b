"""Ask Slurm, before anything starts, whether a study's jobs could run; nothing is submitted but by `probe_node`."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from hptui.core.dataclass import dataclass
from hptui.core.errors import did_you_mean
from hptui.core.format import duration
from hptui.core.study import Study
from hptui.core.version import __version__
from hptui.execution.slurm.commands import missing_programs, run_command
from hptui.execution.slurm.on_node import PROBE
from hptui.execution.slurm.queue import HELD, Queue, SlurmJob
from hptui.execution.slurm.submission import JOB_OUTPUT, job_options, job_script, passes_by_itself, with_remedy
from hptui.store.filesystem import filesystem_type, is_network_filesystem
from hptui.store.run_directory import read_json

Level = Literal["ok", "info", "warning", "error"]
MAX_PROBE_S = 90.0
"""Time that a probe job may wait and run."""
MIN_FORGET_S = 60
"""Seconds for which Slurm should know of jobs that have ended."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding: `where` is the key that it is about, '' for none; `certain` says that no job could ever run."""

    level: Level
    text: str
    hint: str = ""
    where: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition as `sinfo` lists it; `limit` is seconds, None for no limit."""

    name: str
    default: bool
    up: bool
    limit: float | None
    gres: str
    nodes: int


def examine_cluster(study: Study) -> Iterator[Remark]:
    """Yield what Slurm and the shared directory show. Nothing is made or changed."""
    if missing := missing_programs():
        text = f"{', '.join(missing)} not found here"
        yield Remark("error", text, "run hptui where sbatch works, on a login node", "resources.executor")
        return
    listed = run_command("sinfo", "--noheader", "-o", "%P|%a|%l|%G|%D")
    if listed.problem:
        yield Remark("error", f"Slurm does not answer: {listed.problem}", "sinfo", certain=False)
        return
    partitions = parse_partitions(listed.text)
    mistakes = [*_directory(study), *_partition(study, partitions)]
    yield from mistakes
    if not any(remark.level == "error" for remark in mistakes):
        yield from _refusal(study, partitions)


def parse_partitions(text: str) -> list[Partition]:
    """Return the partitions of what sinfo lists; one may have several lines."""
    partitions: dict[str, Partition] = {}
    for line in text.splitlines():
        parts = line.strip().split("|")
        if len(parts) != 5:
            continue
        name, default = parts[0].rstrip("*"), parts[0].endswith("*")
        before, nodes = partitions.get(name), int(parts[4]) if parts[4].isdigit() else 0
        gres = ",".join(dict.fromkeys(filter(None, [before.gres if before else "", parts[3].replace("(null)", "")])))
        count = nodes + (before.nodes if before else 0)
        partitions[name] = Partition(name, default, parts[1] == "up", limit_seconds(parts[2]), gres, count)
    return list(partitions.values())


def limit_seconds(text: str) -> float | None:
    """Return a time limit of Slurm (days-hours:minutes:seconds) in seconds; None for no limit."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _partition(study: Study, partitions: list[Partition]) -> Iterator[Remark]:
    slurm, names = study.slurm, [partition.name for partition in partitions]
    asked = next((p for p in partitions if (p.name == slurm.partition if slurm.partition else p.default)), None)
    if asked is None:
        there = f"there are {', '.join(names)}" if names else "this cluster has none"
        if slurm.partition:
            text = f"there is no partition {slurm.partition!r}"
            yield Remark("error", text, did_you_mean(slurm.partition, names) or there, "slurm.partition")
        else:
            yield Remark("error", f"the cluster has no default partition: {there}", "set partition", "slurm.partition")
        return
    if not asked.up:
        yield Remark("warning", f"the partition {asked.name} is down: jobs wait", "sinfo -R", "slurm.partition")
    if slurm.time is not None and asked.limit is not None and slurm.time > asked.limit:
        text = f"{duration(slurm.time)} is longer than the limit of the partition {asked.name}, {duration(asked.limit)}"
        yield Remark("error", text, f'time = "{_short(asked.limit)}", or another partition', "slurm.time")
    if study.resources.gpus != 0 and "gpu" not in asked.gres:
        text = f"the partition {asked.name} has no GPUs"
        yield Remark("error", text, "set gpus = 0 in [resources], or another partition", "slurm.partition")


def _short(seconds: float) -> str:
    return f"{seconds / 3600:g}h" if seconds >= 3600 else f"{seconds / 60:g}m"


def _directory(study: Study) -> Iterator[Remark]:
    directory = study.slurm.directory
    there = next(path for path in (directory, *directory.parents) if path.exists())
    if not there.is_dir():
        yield Remark("error", f"{there} is no directory", "name another one", "slurm.dir")
        return
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        text = f"{there} cannot be written to: {error.strerror}"
        yield Remark("error", text, "name a directory of your own", "slurm.dir")
        return
    kind = filesystem_type(there)
    nodes = run_command("sinfo", "--noheader", "-N", "-o", "%o")
    others = sorted({line.strip() for line in nodes.text.split() if not is_here(line.strip())})
    if others and not is_network_filesystem(kind):
        text = f"{there} may lie on a disk of this machine ({kind}), and {others[0]} is another one"
        hint = "name a directory that all nodes see; hptui doctor STUDY --probe tries it"
        yield Remark("warning", text, hint, "slurm.dir")


def is_here(address: str) -> bool:
    """Return whether a node is this machine."""
    return address.partition(".")[0] in ("127", "localhost", socket.gethostname().partition(".")[0])


def _refusal(study: Study, partitions: list[Partition]) -> Iterator[Remark]:
    """Yield what sbatch objects to: it is asked without submitting anything."""
    options = ["--test-only", *job_options(study.placed_resources, Path("/"), "hptui-test", "hptui:test")]
    answer = run_command("sbatch", *options, script=job_script("", (), Path("/"), "hptui", "--version"))
    if answer.problem and passes_by_itself(answer.problem):
        yield Remark("warning", f"Slurm cannot say now whether it takes jobs: {answer.problem}", certain=False)
    elif answer.problem:
        yield Remark("error", f"Slurm refuses such jobs: {with_remedy(answer.problem)}", "", "slurm")
    else:
        names = ", ".join(f"{p.name}{' (default)' if p.default else ''}" for p in partitions)
        yield Remark("ok", f"Slurm takes such jobs; partitions: {names}")


def cluster_settings(study: Study) -> Iterator[Remark]:
    """Yield what the cluster's own configuration means for trials."""
    answer = run_command("scontrol", "show", "config")
    values = dict(re.findall(r"^(\w+)\s*=\s*(.*?)\s*$", answer.text, re.MULTILINE))

    def number(name: str) -> int | None:
        match = re.match(r"\d+", values.get(name, ""))
        return int(match.group()) if match else None

    wait, forget = number("KillWait"), number("MinJobAge")
    if wait is not None and wait < study.resources.pause_grace:
        text = f"a preempted job has {wait} s to save (KillWait), if its partition grants no GraceTime"
        yield Remark("info", text, "have trials save checkpoints as they go")
    if "cgroup" not in values.get("ProctrackType", "cgroup"):
        text = f"jobs are followed by {values['ProctrackType']}: processes that leave their session may outlive a job"
        yield Remark("warning", text, "ask the administrator for proctrack/cgroup")
    if forget is not None and forget < MIN_FORGET_S:
        text = f"Slurm forgets ended jobs after {forget} s (MinJobAge): how a job ended may stay unknown"
        yield Remark("warning", text, "ask the administrator for a longer MinJobAge")
    if shutil.which("sacct") is None or "none" in values.get("AccountingStorageType", "none"):
        yield Remark("info", "no accounting (sacct): how a job ended is known only while Slurm lists it")


def probe_node(study: Study) -> Iterator[Remark]:
    """Run a job of some seconds on a node, and yield what it found there."""
    directory = study.slurm.directory
    run = directory / f"probe-{uuid.uuid4().hex[:8]}"
    try:
        run.mkdir(mode=0o700, parents=True)
        yield from _probe(study, run)
    except OSError as error:
        yield Remark("error", f"{directory}: {error.strerror}", "name another directory", "slurm.dir")
    finally:
        shutil.rmtree(run, ignore_errors=True)


def _probe(study: Study, run: Path) -> Iterator[Remark]:
    slurm, name = study.slurm, f"hptui-{run.name}"
    options = [o for o in job_options(study.placed_resources, run, name, "hptui:probe") if "--time" not in o]
    setup = [*slurm.setup, f"export HPTUI_STUDY={shlex.quote(study.directory)}"]
    script = job_script(slurm.python, setup, run, "hptui.execution.slurm.on_node", PROBE, str(run))
    submitted = run_command("sbatch", *options, "--time=2", script=script)
    if submitted.problem:
        yield Remark("error", f"the probe is refused: {with_remedy(submitted.problem)}", "", "slurm")
        return
    number, queue, deadline = submitted.text.strip().partition(";")[0], Queue(), time.monotonic() + MAX_PROBE_S
    job: SlurmJob | None = None
    while time.monotonic() < deadline:
        queue.poll(lambda: True)
        job = queue.find(name, number) or job
        facts = read_json(run / "probe.json")
        if isinstance(facts, dict):
            yield from _node_remarks(study, facts)
            return
        if job is not None and job.ended:
            with suppress(OSError):
                output = (run / JOB_OUTPUT).read_text(errors="replace").strip().splitlines()
                text = output[-1] if output else f"it has written nothing to {run.parent}: do the nodes see it?"
                yield Remark("error", f"the probe ended ({job.state}): {text}", "set python, setup or dir in [slurm]")
                return
            yield Remark("error", f"the probe has written nothing: do nodes see {run.parent}?", "", "slurm.dir")
            return
        time.sleep(0.2)  # a shared directory announces nothing
    run_command("scancel", number)
    waits = job.waits_for if job is not None and job.state in HELD else "no answer"
    yield Remark("warning", f"the probe has not run within {MAX_PROBE_S:g} s: {waits}", "try again later")


def _node_remarks(study: Study, facts: dict[str, Any]) -> Iterator[Remark]:
    node, version = facts.get("node"), facts.get("version")
    if version != __version__:
        text = f"hptui is {version} on {node}, {__version__} here"
        yield Remark("error", text, "install the same one, or set python in [slurm]", "slurm.python")
    if study.directory and study.directory not in facts.get("directories", ()):
        text = f"the study's directory {study.directory} does not exist on {node}"
        yield Remark("error", text, "put code and data where all nodes see them")
    yield Remark(
        "ok", f"a probe ran on {node}: Python {facts.get('python')}, hptui {version}, {facts.get('gpus')} GPUs"
    )
