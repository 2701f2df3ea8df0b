"""The examination of the machines on which a study's trials run."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.study import Study
from hptui.core.trial import Reason
from hptui.operations.doctor_study import Finding, Level
from hptui.operations.places import places_json
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, read_json

MAX_CLOCK_DIFFERENCE_S = 300.0
"""Seconds by which a machine's clock may differ."""
MIN_FREE_GB = 5.0
"""Space (GiB) below which a machine's disk is remarked on."""


def examine_places(sd: StudyDir, study: Study, *, probe: bool = False) -> Iterator[Finding]:
    """Yield what is found about each machine: asked now, or as the study's runner knows it if one lives.

    With `probe`, a job of some seconds shows whether a scheduler's nodes have what trials need.
    """
    if study.resources.executor not in ("ssh", "slurm", "ray"):
        return
    yield from _fenced(sd)
    if study.resources.executor == "slurm":
        yield from _ask_slurm(sd, study, probe=probe)
        return
    document = places_json(sd)
    if document["runner"]:
        for place in document["places"]:
            level: Level = "ok" if place["state"] in ("idle", "running") else "error"
            text = f"{place['name']}: {place['state']}, {place['running']} of {place['slots']} places taken"
            yield Finding("places", level, text + (f": {place['why']}" if place["why"] else ""), "", sd.name)
        return
    yield from _ask(sd, study) if study.resources.executor == "ssh" else _ask_cluster(sd, study)


def _fenced(sd: StudyDir) -> Iterator[Finding]:
    """Yield attempts that were given up, and that nobody has ended since."""
    with StoreReader.open(sd) as reader:
        fenced = [attempt for attempt in reader.attempts() if attempt.reason is Reason.FENCED]
    for attempt in fenced:
        facts = read_json(RunDir(sd.attempt(attempt.trial, attempt.n)).executor)
        if isinstance(facts, dict) and not facts.get("fence_done"):
            where = facts.get("host" if facts.get("executor") == "ray" else "place")
            text = f"trial {attempt.trial}: attempt {attempt.n} was given up, and may live on at {where}"
            hint = f"once that is reached: hptui run {sd.name}"
            yield Finding("places", "warning", text, hint, sd.name)


def _ask_slurm(sd: StudyDir, study: Study, *, probe: bool) -> Iterator[Finding]:
    from hptui.execution.slurm import examine  # no other study needs Slurm

    remarks = list(examine.examine_cluster(study))
    if not any(remark.level == "error" for remark in remarks):
        remarks += examine.cluster_settings(study)
        remarks += examine.probe_node(study) if probe else ()
    for remark in remarks:
        level: Level = "ok" if remark.level == "info" else remark.level
        text = f"{remark.where}: {remark.text}" if remark.where else remark.text
        yield Finding("places", level, text, remark.hint, sd.name)


def _ask_cluster(sd: StudyDir, study: Study) -> Iterator[Finding]:
    from hptui.execution.remote.ray_probe import probe_cluster

    answer = probe_cluster(study, ask_nodes=True)
    hint = f"hptui docs ray; then: hptui doctor {sd.name}"
    if answer.problem:
        yield Finding("places", "error", f"Ray: {answer.problem}", hint, sd.name)
        return
    used = ", ".join(f"{answer.used[name]:g} of {amount:g} {name}" for name, amount in answer.total.items())
    text = f"Ray {answer.ray} on {len(answer.nodes)} nodes: {used} in use; the study may have {answer.wanted} places"
    yield Finding("places", "ok", text, "", sd.name)
    if answer.unfit:
        yield Finding("places", "error", f"Ray: {answer.unfit}", "change [ray] or gpus_per_trial", sd.name)
    for host, why in answer.refusals():
        yield Finding("places", "error", f"{host}: {why}", hint, sd.name)
    for node in answer.nodes:
        if node.get("k") == "hello" and node["free_gb"] < MIN_FREE_GB:
            text = f"{node['node_host']}: only {node['free_gb']} GiB are free for what trials write there"
            yield Finding("places", "warning", text, "set dir in [ray], or free some space", sd.name)


def _ask(sd: StudyDir, study: Study) -> Iterator[Finding]:
    from hptui.execution.remote.probe import probe_machines

    for answer in probe_machines(study):
        name, facts = answer.name, answer.facts
        if answer.problem:
            yield Finding("places", "error", f"{name}: {answer.problem}", f"ssh {name}", sd.name)
            continue
        text = f"{name}: {facts['capacity']} places, Python {facts['python']}, {facts['free_gb']} GiB free"
        yield Finding("places", "ok", text, "", sd.name)
        if abs(answer.clock_ahead_s) > MAX_CLOCK_DIFFERENCE_S:
            text = f"{name}: its clock differs by {answer.clock_ahead_s:+.0f} s: times of trials there are wrong"
            yield Finding("places", "warning", text, "set its clock, for example by NTP", sd.name)
        if facts["free_gb"] < MIN_FREE_GB:
            text = f"{name}: only {facts['free_gb']} GiB are free for what trials write there"
            yield Finding("places", "warning", text, "set dir in [ssh], or free some space", sd.name)
        if facts.get("kills_at_logout"):
            text = f"{name}: processes are killed at logout (KillUserProcesses), so trials end with the connection"
            yield Finding("places", "error", text, f"ssh {name} loginctl enable-linger", sd.name)
