from mlflow.tracking.fluent import log_metric, log_metrics, log_params, set_experiment, set_tracking_uri, start_run  # noqa: F401
