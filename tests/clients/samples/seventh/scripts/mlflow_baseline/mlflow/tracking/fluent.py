from contextlib import contextmanager


def set_tracking_uri(uri):
    pass


def set_experiment(name):
    pass


@contextmanager
def start_run(run_name=None):
    yield


def log_params(params):
    pass


def log_metric(key, value, step=None):
    pass


def log_metrics(metrics, step=None):
    pass
