"""Reads what a study file says of other machines: `[ssh]`, and how long one may be unreachable."""

from __future__ import annotations

from hptui.core.errors import Problems, StudyError
from hptui.core.key_types import DURATION, NONEMPTY, require_list
from hptui.core.ssh import Ssh, SshHost
from hptui.core.study import Resources, Study
from hptui.core.trial import Value
from hptui.studyfile.table import TableReader, require_range


def read_give_up(value: Value, where: str) -> float | str:
    """Return how long an attempt may be unreachable, in seconds; or never."""
    return "never" if value == "never" else float(require_range(DURATION.read(value, where), where, 1))


def read_ssh(value: Value) -> Ssh:
    """Return `[ssh]`. Raises: StudyError."""
    problems = Problems()
    fields = TableReader.of({} if value is None else value, "ssh", problems=problems).fields()
    problems.raise_all()
    return Ssh(**fields)


def read_hosts(value: Value, where: str) -> tuple[SshHost, ...]:
    """Return the machines, each once."""
    hosts: list[SshHost] = []
    for n, item in enumerate(require_list(value, where)):
        location = f"{where}[{n}]"
        host = _host(item, location)
        if host.host.startswith("-") or any(letter.isspace() for letter in host.host):
            raise StudyError(f"{host.host!r} cannot be typed after ssh", where=location, value=host.host)
        if host.host in [other.host for other in hosts]:
            raise StudyError(f"{host.host!r} is named twice", where=location, value=host.host)
        hosts.append(host)
    return tuple(hosts)


def _host(item: Value, where: str) -> SshHost:
    if not isinstance(item, dict):
        return SshHost(NONEMPTY.read(item, where))
    return SshHost(**TableReader.of(item, "ssh.host", where).fields())


def validate_ssh(study: Study, problems: Problems) -> None:
    """Collect what cannot work about running trials by ssh."""
    resources, hosts = study.resources, study.ssh.hosts
    if resources.executor != "ssh":
        return
    if not hosts:
        hint = 'add: [ssh] hosts = ["box1"], with what you type after ssh'
        problems.errors.append(StudyError("no machine is named", where="ssh.hosts", hint=hint))
    if resources.checkpoints != Resources().checkpoints:
        text = "checkpoints of trials that run by ssh lie on their machines"
        problems.errors.append(
            StudyError(text, where="resources.checkpoints", hint="leave it out, or set dir in [ssh]")
        )
    for n, host in enumerate(hosts):
        gpus, per_trial = host.gpus if host.gpus is not None else resources.gpus, resources.gpus_per_trial
        count = len(gpus) if isinstance(gpus, tuple) else gpus
        if isinstance(count, int) and count and count % per_trial:
            text = f"{count} GPUs cannot be divided into trials of {per_trial}"
            hint = "set gpus_per_trial"
            problems.errors.append(StudyError(text, where=f"ssh.hosts[{n}].gpus", value=count, hint=hint))
