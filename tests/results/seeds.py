"""The experiments of the seed documents, exactly as their tables give them, written into real stores.

Their numbers are data here. What the documents concluded from them is not: reports on these stores must do better.
"""

import json
import textwrap
import uuid

from hptui import studyfile
from hptui.core.trial import Attempt, AttemptState, Reason, Role, StudyState, Trial, TrialStatus
from hptui.store.paths import StudyDir
from hptui.store.store import Store

START = 1_767_000_000.0

# Learning rate and batch size of a supervised fine-tuning on mathematics; accuracy over 200 questions.
MATH = """
    name = "math-sft"
    about = "Learning rate and batch size for SFT on mathematics."
    [objective]
    metric = "accuracy"
    goal = "maximize"
    samples = 200
    [trainer]
    kind = "math_sft:train"
    learning_rate = 2e-5
    batch_size = 256
    steps = 200
    [space]
    learning_rate = { low = 5e-6, high = 1e-4, log = true }
    batch_size = { choices = [128, 256, 512, 1024] }
    [search]
    sampler = "tpe"
    trials = 15
    baseline = false
    [metrics.accuracy]
    format = "percent"
    heading = "Accuracy"
    [report]
    title = "Hyperparameter Optimization"
    columns = [{ learning_rate = "Learning Rate" }, { batch_size = "Batch Size" }, "accuracy"]
"""
MATH_ROWS = [
    (1.54e-05, 128, 0.0100),
    (7.98e-06, 256, 0.0300),
    (5.32e-06, 128, 0.0200),
    (8.66e-06, 256, 0.0100),
    (3.13e-05, 1024, 0.0),
    (5.25e-05, 512, 0.0),
    (3.09e-05, 1024, 0.0),
    (5.63e-05, 512, 0.0),
    (7.21e-06, 512, 0.0200),
    (3.64e-05, 512, 0.0050),
    (1.46e-05, 256, 0.0100),
    (5.11e-06, 128, 0.0050),
    (1.04e-05, 256, 0.0200),
    (5.24e-06, 128, 0.0250),
    (1.36e-05, 128, 0.0100),
]

# A LoRA study of a 7B model against a loss that was measured otherwise.
DIRECTOR = """
    name = "director"
    [objective]
    metric = "eval_loss"
    [trainer]
    kind = "director:train"
    lora_rank = 16
    lora_alpha = 32
    learning_rate = 2e-4
    batch_size = 1
    epochs = 1
    [space]
    lora_rank = { choices = [8, 16, 32, 64], note = "Model capacity, VRAM" }
    lora_alpha = { choices = [16, 32, 64, 128], note = "Adaptation strength" }
    learning_rate = { low = 1e-5, high = 5e-4, log = true, note = "Convergence speed" }
    batch_size = { choices = [1, 2, 4], note = "Gradient quality, VRAM" }
    [search]
    sampler = "ax"
    trials = 20
    [reference]
    metric = "train_loss"
    value = 0.6097
    split = "train"
    epochs = 3
    source = "Module 4"
    targets = [0.05, 0.2]
"""
DIRECTOR_ROWS = [
    (16, 32, 2e-4, 1, 0.6097),
    (32, 64, 1.5e-4, 2, 0.5834),
    (8, 16, 3e-4, 1, 0.6523),
    (32, 64, 1.2e-4, 2, 0.5621),
]

# One factor at a time around a baseline, with the untouched base model beside it.
MEDICAL = """
    name = "tinyllama-medical"
    [[objective]]
    metric = "perplexity"
    [trainer]
    kind = "medical:train"
    model = "TinyLlama-1.1B-Chat-v1.0"
    learning_rate = 2e-4
    batch_size = 4
    gradient_accumulation = 4
    lora_rank = 8
    lora_alpha = 16
    epochs = 3
    load_in_4bit = true
    [[trial]]
    name = "exp-1"
    title = "Exp 1"
    set = { learning_rate = 1e-4 }
    [metrics.perplexity]
    heading = "Perplexity"
    format = ".1f"
    [metrics.bleu]
    heading = "BLEU"
    goal = "maximize"
    format = ".2f"
    [metrics.rouge_l]
    heading = "ROUGE-L"
    goal = "maximize"
    format = ".2f"
    [report]
    title = "Hyperparameter Experiments and Results"
    [[report.columns]]
    name = "title"
    heading = "Experiment"
    [[report.columns]]
    name = "learning_rate"
    heading = "Learning Rate"
    [[report.columns]]
    name = "batch_size"
    heading = "Batch Size"
    [[report.columns]]
    name = "lora_rank"
    heading = "LoRA r"
    [[report.columns]]
    name = "lora_alpha"
    heading = "LoRA α"
    [[report.columns]]
    name = "epochs"
    heading = "Epochs"
    [[report.columns]]
    name = "perplexity"
    [[report.columns]]
    name = "bleu"
    [[report.columns]]
    name = "rouge_l"
    [[report.columns]]
    name = "seconds"
    heading = "Training Time"
    [[report.columns]]
    name = "peak_memory_gb"
    heading = "GPU Memory"
    [[report.columns]]
    name = "note"
    heading = "Notes"
"""
MEDICAL_ROWS = [
    ("Baseline", {}, 18.7, 0.42, 0.51, 45, 4.2, "Initial configuration"),
    ("Exp 1", {"learning_rate": 1e-4}, 21.3, 0.38, 0.47, 45, 4.2, "Lower LR"),
    ("Exp 2", {"learning_rate": 5e-4}, 19.5, 0.40, 0.49, 45, 4.2, "Higher LR"),
    ("Exp 3", {"batch_size": 2}, 20.1, 0.39, 0.48, 60, 3.5, "Smaller batch"),
    ("Exp 4", {"lora_rank": 4, "lora_alpha": 8}, 22.5, 0.35, 0.44, 40, 3.8, "Lower rank"),
    ("Exp 5", {"lora_rank": 16, "lora_alpha": 32}, 18.2, 0.43, 0.52, 50, 4.8, "Higher rank"),
    ("Exp 6", {"epochs": 5}, 17.8, 0.44, 0.53, 75, 4.2, "More epochs"),
]
MEDICAL_BASE = (45.2, 0.23, 0.31)


def one(number, params, values=None, status="complete", reason="finished", **more):
    """A trial as the store keeps it."""
    facts = {
        "number": number,
        "name": "",
        "status": TrialStatus(status),
        "role": Role.SEARCH,
        "params": params,
        "reason": Reason(reason) if reason else None,
        "values": values,
        "started": START + 300 * number,
        "ended": START + 300 * number + 240,
        "seconds": 240.0,
        "seed": 42,
        "engine": "tpe",
        "created": START,
        "metrics": dict(values or {}),
    }
    found = {**facts, **more}
    return Trial(**{**found, "role": Role(found["role"])})


def math_trials():
    return [one(n, {"learning_rate": lr, "batch_size": b}, {"accuracy": a}) for n, (lr, b, a) in enumerate(MATH_ROWS)]


def director_trials():
    names = ("lora_rank", "lora_alpha", "learning_rate", "batch_size", "eval_loss")
    found = []
    for n, row in enumerate(DIRECTOR_ROWS):
        *params, loss = row
        role = Role.BASELINE if n == 0 else Role.SEARCH
        own = {} if n == 0 else dict(zip(names, params, strict=False))
        found.append(one(n, own, {"eval_loss": loss}, role=role, engine="ax", seconds=480.0))
    return found


def medical_trials():
    perplexity, bleu, rouge = MEDICAL_BASE
    base = {"perplexity": perplexity, "bleu": bleu, "rouge_l": rouge}
    found = [
        one(
            0,
            {},
            {"perplexity": perplexity},
            role=Role.BASE,
            name="base",
            title="Base model",
            metrics=base,
            seconds=60.0,
        )
    ]
    for n, (title, params, ppl, bleu, rouge, minutes, memory, note) in enumerate(MEDICAL_ROWS, start=1):
        metrics = {"perplexity": ppl, "bleu": bleu, "rouge_l": rouge}
        role = Role.BASELINE if n == 1 else Role.LISTED
        more = {"role": role, "name": title.lower().replace(" ", "-"), "title": title, "note": note, "metrics": metrics}
        found.append(one(n, params, {"perplexity": ppl}, seconds=60.0 * minutes, peak_memory_gb=memory, **more))
    return found


def study_of(text, directory=""):
    return studyfile.read_text(textwrap.dedent(text), directory=str(directory))


def build(home, text, trials, state=StudyState.DONE, curves=None, environment=None, facts=None):
    """The study and its trials in a store in HOME. `curves`: trial -> metric -> values, one per step."""
    study = study_of(text, home)
    sd = StudyDir.for_study(home, study.name)
    with Store.create(sd, studyfile.to_json(study), study.name) as store:
        store.set_meta("facts", json.dumps(facts or {}))
        for trial in trials:
            store.insert_trial(trial)
            if trial.status is TrialStatus.WAITING:
                continue
            token = uuid.uuid5(uuid.NAMESPACE_DNS, f"{study.name}-{trial.number}").hex
            store.insert_attempt(
                Attempt(
                    token=token,
                    trial=trial.number,
                    n=1,
                    state=AttemptState.DONE if trial.status is TrialStatus.COMPLETE else AttemptState.FAILED,
                    reason=trial.reason,
                    started=trial.started or START,
                    ended=trial.ended,
                    seconds=trial.seconds,
                    peak_rss_gb=trial.peak_memory_gb,
                    mean_rss_gb=None if trial.peak_memory_gb is None else 0.9 * trial.peak_memory_gb,
                    environment=environment or {},
                )
            )
            points = [(name, 1, value, None, 1.0) for name, value in trial.metrics.items()]
            for name, values in (curves or {}).get(trial.number, {}).items():
                points = [point for point in points if point[0] != name]
                points += [(name, step, value, None, float(step)) for step, value in enumerate(values, start=1)]
            store.ingest(token, trial.number, 1, points, offset=1, sequence=1)
        store.add_seconds(sum(trial.seconds for trial in trials))
        store.set_state(StudyState.RUNNING)
        store.set_state(state)
        # The clock of the test machine is no part of the data.
        store.connection.handle.execute("UPDATE revisions SET at = ?", (START,))
        store.connection.handle.execute(
            "UPDATE study SET uuid = 'made', created = ?, started = ?, ended = ?", (START, START, START + 9e3)
        )
    return sd
