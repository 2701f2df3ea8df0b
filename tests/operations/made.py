"""A study written straight into a store, with everything that can become of a trial: nothing is run for it."""

import os
import textwrap
import uuid

from hptui import studyfile
from hptui.core.trial import Attempt, AttemptState, Reason, Role, StudyState, Trial, TrialStatus
from hptui.execution.queue import store_defaults
from hptui.operations.runner_process import defaults_of
from hptui.store.paths import StudyDir
from hptui.store.store import Store

START = 1_800_000_000.0
EVIL = "a\x1b]52;c;ZXZpbA==\x07b\x1b[31mc\x9b2Jd\u202ee[red][/]\tf"
"""Sets the clipboard, colours, clears, turns the line around, and is no valid markup."""

FILE = """
    name = "made"
    about = "made by hand"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    learning_rate = 2e-4
    width = 16
    steps = 10
    [space]
    learning_rate = { low = 1e-5, high = 1e-1, log = true, note = "speed" }
    width = { choices = [16, 32, 64] }
    [search]
    sampler = "random"
    trials = 8
    [metrics.loss]
    format = ".4f"
    [metrics.accuracy]
    format = "percent"
    [notes]
    future = ["more"]
"""


STAGED = """
    name = "staged"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    [space]
    width = "16..64"
    [search]
    baseline = false
    [[stage]]
    name = "short"
    trials = 2
    set = { steps = 5 }
    [[stage]]
    name = "long"
    from = "best 1"
    set = { steps = 50 }
"""


def trial(number: int, status: str, reason: str | None = None, loss: float | None = None, **more) -> Trial:
    """A trial; `loss` makes it a complete one's value."""
    values = {"loss": loss} if loss is not None else None
    facts = {
        "number": number,
        "name": "",
        "status": TrialStatus(status),
        "role": Role.SEARCH,
        "params": {"learning_rate": 1e-3 * (number + 1), "width": 32},
        "reason": Reason(reason) if reason else None,
        "values": values,
        "started": START + 60 * number,
        "ended": START + 60 * number + 50 if status not in ("waiting", "running", "paused") else None,
        "seconds": 50.0,
        "seed": 1,
        "engine": "random",
        "created": START,
    }
    return Trial(**{**facts, **more})


TRIALS = [
    trial(0, "complete", "finished", 0.6097, role=Role.BASELINE, params={}, name="baseline", title="Baseline"),
    trial(1, "complete", "finished", 0.5834, note="good, as hoped", effective={"width": 30}),
    trial(2, "complete", "finished", 0.6523),
    trial(3, "complete", "finished", 0.5621, name="winner"),
    trial(4, "failed", "oom", message="CUDA out of memory"),
    trial(5, "pruned", "pruner", message="0.71 is worse than the median of 5 trials", last_step=4, total_steps=10),
    trial(6, "failed", "nan", message="loss ended as NaN", note=EVIL),
    trial(7, "waiting", ended=None, started=None, seconds=0.0),
]


def make(home, trials=TRIALS, text=FILE, state=StudyState.DONE, message="") -> StudyDir:
    """The study in HOME."""
    study = studyfile.read_text(textwrap.dedent(text), directory=str(home))
    sd = StudyDir.for_study(home, study.name)
    before = os.umask(0o077)
    try:
        with Store.create(sd, studyfile.to_json(study), study.name) as store:
            store_defaults(store, defaults_of(study))
            for one in trials:
                store.insert_trial(one)
                if one.status is not TrialStatus.WAITING:
                    _attempt(sd, store, one)
            store.add_seconds(420.0)
            store.set_state(StudyState.RUNNING)
            store.set_state(state, message)
    finally:
        os.umask(before)
    return sd


def _attempt(sd: StudyDir, store: Store, one: Trial) -> None:
    token = uuid.uuid4().hex
    folder = sd.attempt(one.number, 1)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text(f"hello from {one.number}\n{one.message}\n")
    end = {TrialStatus.COMPLETE: AttemptState.DONE, TrialStatus.RUNNING: AttemptState.RUNNING}
    store.insert_attempt(
        Attempt(
            token=token,
            trial=one.number,
            n=1,
            state=end.get(one.status, AttemptState.FAILED),
            reason=one.reason,
            device="CPU",
            started=one.started or START,
            ended=one.ended,
            seconds=one.seconds,
            peak_rss_gb=0.5,
            environment={"host": "box", "git_dirty": True},
        )
    )
    points = [("loss", step, 1.0 / step, None, float(step)) for step in (1, 2, 3)]
    points += [("accuracy", 3, 0.03, None, 3.0)]
    if one.reason is Reason.NAN:
        points += [("loss", 4, None, "nan", 4.0)]
    store.ingest(token, one.number, 1, points, offset=1, sequence=1)
