"""The words that a store records: keys of its `meta` table and kinds of events, each once. Standard library only.

Stores of every version hold them, so a member may be renamed, its value never."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from hptui.core.trial import StudyState, TrialStatus


class MetaKey(StrEnum):
    """A key of the `meta` table."""

    CLEAN = "clean"
    BOOT_ID = "boot_id"
    SQLITE = "sqlite"
    UUID = "uuid"
    FILE = "file"
    OVERRIDES = "overrides"
    DEFAULTS = "defaults"
    FIXED = "fixed"
    SCRIPT = "script"
    PROGRAMS = "programs"
    CODE = "code"
    PREPARED = "prepared"
    FACTS = "facts"
    STAGES = "stages"
    PRIOR_TRIALS = "warm_start"
    PRIOR_KNOWLEDGE = "knowledge"
    SINCE = "since"
    RESTED = "rested"
    CONSTANT_WARNED = "told_constant"  # language: the recorded word
    REDACTED = "redacted"
    NO_GPUS_WARNED = "told_no_gpus"  # language: the recorded word
    NOTICED = "noticed"
    STARRED = "starred"
    PLACES = "places"
    PACKING = "packing"


META_KEYS: Mapping[MetaKey, str] = {
    MetaKey.CLEAN: "1 if the last writer closed the store, else 0",
    MetaKey.BOOT_ID: "boot of the machine during which the last writer opened the store",
    MetaKey.SQLITE: "version of SQLite of the last writer",
    MetaKey.UUID: "identity of the study",
    MetaKey.FILE: "JSON: the study file as it was when the study was last run",
    MetaKey.OVERRIDES: "JSON: changes to the study file that the command line of the last run made",
    MetaKey.DEFAULTS: "JSON: the trainer's values for settings that the study file does not give",
    MetaKey.FIXED: "JSON: settings of the Python API's `search_space` that had one value",
    MetaKey.SCRIPT: "JSON: the script that started the study by the Python API, and its arguments",
    MetaKey.PROGRAMS: "JSON: the paths that names of programs stood for when the study was first run",
    MetaKey.CODE: "JSON: the fingerprint of code and data that was seen last",
    MetaKey.PREPARED: "key of the settings that the study was prepared for",
    MetaKey.FACTS: "JSON: facts about the whole study, such as the splits of its data",
    MetaKey.STAGES: "JSON: the stages that have begun",
    MetaKey.PRIOR_TRIALS: "JSON: the trials of other studies, as they were when they were copied",
    MetaKey.PRIOR_KNOWLEDGE: "JSON: for each stage, which trials of other studies and imports informed its search",
    MetaKey.SINCE: "time from which failures count: that of the last request to go on",
    MetaKey.RESTED: "JSON: when and with what message a done study was resumed; it stays done if nothing is left to do",
    MetaKey.CONSTANT_WARNED: "set once it was recorded that all trials have the same objective",
    MetaKey.REDACTED: "set in a copy without secrets, which cannot be run",
    MetaKey.NO_GPUS_WARNED: "set once it was recorded that no GPU can be used",
    MetaKey.NOTICED: "id of the last event that notices were made of",
    MetaKey.STARRED: "JSON: the numbers of the trials that a person has starred",
    MetaKey.PLACES: "JSON: the places of trials on other machines, and attempts that are queued or unreachable",
    MetaKey.PACKING: "JSON: how many trials share a process and a pass, with the measured times",
}
"""What each key of the `meta` table holds."""


class EventKind(StrEnum):
    """A kind of event of a study. Those of an attempt's events.jsonl are in `run_directory`."""

    STUDY_RUNNING = "study_running"
    STUDY_DRAINING = "study_draining"
    STUDY_PAUSED = "study_paused"
    STUDY_STOPPED = "study_stopped"
    STUDY_DONE = "study_done"
    TRIAL_COMPLETE = "trial_complete"
    TRIAL_PRUNED = "trial_pruned"
    TRIAL_FAILED = "trial_failed"
    TRIAL_STOPPED = "trial_stopped"
    TRIAL_PAUSED = "trial_paused"
    TRIAL_WAITING = "trial_waiting"
    REVISION = "revision"
    STAGE = "stage"
    SAMPLER = "sampler"
    ADDED = "added"
    IMPORTED = "imported"
    PRIOR_TRIALS = "warm_start"
    PREPARE = "prepare"
    DATA = "data"
    RESUMED = "resumed"
    PRUNE = "prune"
    THRESHOLD = "threshold"
    TIMEOUT = "timeout"
    HUNG = "hung"
    RUNG = "rung"
    PRUNER = "pruner"
    STOP_RULES = "stop_rules"
    CONSTANT = "constant"
    ENGINE = "engine"
    GPU_BUSY = "gpu_busy"
    NO_GPUS = "no_gpus"
    GPU_FAULT = "gpu_fault"
    COLD_START = "cold_start"
    CHANGED = "changed"
    CODE_CHANGED = "code_changed"
    TRAINER = "trainer"
    SUSPECT = "suspect"
    RESULTS = "results"
    LEFT = "left"
    PLACE_LOST = "place_lost"
    NOT_FETCHED = "not_fetched"
    PLACE_BACK = "place_back"
    FENCED = "fenced"
    DISK_LOW = "disk_low"
    NOTIFY = "notify"
    PACKING = "packing"
    MEMORY = "memory"

    @classmethod
    def of_study(cls, state: StudyState) -> EventKind:
        """Return the kind of event of a study that begins to be in a state."""
        return cls(f"study_{state}")

    @classmethod
    def of_trial(cls, status: TrialStatus) -> EventKind:
        """Return the kind of event of a trial whose attempt has ended, by the trial's new status."""
        return cls(f"trial_{status}")


EVENT_KINDS: Mapping[EventKind, str] = {
    EventKind.STUDY_RUNNING: "the study was started or resumed",
    EventKind.STUDY_DRAINING: "the study starts nothing new and ends when its running trials have",
    EventKind.STUDY_PAUSED: "the study was paused",
    EventKind.STUDY_STOPPED: "the study was stopped",
    EventKind.STUDY_DONE: "the study came to its end",
    EventKind.TRIAL_COMPLETE: "a trial was completed",
    EventKind.TRIAL_PRUNED: "a trial was pruned",
    EventKind.TRIAL_FAILED: "a trial failed",
    EventKind.TRIAL_STOPPED: "a trial was stopped",
    EventKind.TRIAL_PAUSED: "a trial was paused",
    EventKind.TRIAL_WAITING: "the machine lost the attempt of a trial, which waits to run again",
    EventKind.REVISION: "the study was changed; the sentence lists the changes",
    EventKind.STAGE: "the next stage began",
    EventKind.SAMPLER: "what `auto` chose, and why",
    EventKind.ADDED: "a trial was queued by hand",
    EventKind.IMPORTED: "experiments of another program were recorded",
    EventKind.PRIOR_TRIALS: "trials of another study were copied, and how many of them fit",
    EventKind.PREPARE: "model and data are inspected before the first trial",
    EventKind.DATA: "a warning about model or data",
    EventKind.RESUMED: "an attempt goes on after a step",
    EventKind.PRUNE: "a trial is pruned by the pruner",
    EventKind.THRESHOLD: "a trial is pruned by a stop rule",
    EventKind.TIMEOUT: "a trial ran longer than `timeout`",
    EventKind.HUNG: "a trial had no event for longer than `hang_after`",
    EventKind.RUNG: "a trial goes on from a rung, or the checkpoints of those left there are deleted",
    EventKind.PRUNER: "a trial reports no progress, so no pruner can judge it",
    EventKind.STOP_RULES: "stop rules that name a metric which is never reported",
    EventKind.CONSTANT: "all trials have the same objective",
    EventKind.ENGINE: "the search goes on with another version of its engine",
    EventKind.GPU_FAULT: "a GPU does not answer, failed and gets no trials, or its driver reports a fault",
    EventKind.COLD_START: "attempts start in fresh processes although a warm start was tried, and why",
    EventKind.GPU_BUSY: "a trial waits for a GPU; the sentence names who holds it",
    EventKind.NO_GPUS: "GPUs were requested, but none can be used",
    EventKind.CHANGED: "code, data or the program of the trials is not what it was before",
    EventKind.CODE_CHANGED: "hptui was replaced on disk, and the runner went on with the new code",
    EventKind.TRAINER: "a warning of the trainer",
    EventKind.SUSPECT: "events of an attempt that cannot be right",
    EventKind.RESULTS: "the results could not be written",
    EventKind.DISK_LOW: "the disk is nearly full",
    EventKind.NOTIFY: "a notice could not be sent",
    EventKind.PLACE_LOST: "the place of a running trial cannot be reached",
    EventKind.NOT_FETCHED: "the checkpoint of a best trial could not be copied here",
    EventKind.PLACE_BACK: "the place of a running trial is reached again",
    EventKind.FENCED: "an attempt was given up: it may live on, but its results never count",
    EventKind.PACKING: "how many trials share a pass, and by what times, when that changes",
    EventKind.MEMORY: "what is predicted not to fit into memory: it is not proposed, or runs with a smaller batch",
    EventKind.LEFT: "the runner left: files of the study were removed or replaced under it",
}
"""When an event of each kind is recorded."""
