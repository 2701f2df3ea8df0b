"""A small stand-in: runs in ./mlruns, a file for each metric."""
import contextlib
import os
import time
import uuid

_place = {"experiment": "0", "run": None}


def set_experiment(name):
    _place["experiment"] = name


@contextlib.contextmanager
def start_run(run_name=None):
    _place["run"] = os.path.join("mlruns", _place["experiment"], uuid.uuid4().hex)
    for folder in ("metrics", "params", "artifacts"):
        os.makedirs(os.path.join(_place["run"], folder))
    yield


def log_params(params):
    for name, value in params.items():
        with open(os.path.join(_place["run"], "params", name), "w") as f:
            f.write(str(value))


def log_metric(name, value, step=0):
    with open(os.path.join(_place["run"], "metrics", name), "a") as f:
        f.write(f"{int(time.time() * 1000)} {value} {step}\n")


def log_metrics(metrics, step=0):
    for name, value in metrics.items():
        log_metric(name, value, step)


def log_text(text, name):
    with open(os.path.join(_place["run"], "artifacts", name), "w") as f:
        f.write(text)


def get_artifact_uri():
    return os.path.join(_place["run"], "artifacts")
