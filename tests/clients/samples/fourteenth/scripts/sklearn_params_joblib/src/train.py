"""Script to train the model."""
import argparse
import json
import logging
from pathlib import Path
from time import time

import joblib
import yaml

from model import TextBooster

logging.basicConfig(level=logging.INFO, format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
logger = logging.getLogger("train")


def _get_args(argv=None):
    """Get arguments from user input."""
    parser = argparse.ArgumentParser(description="Train model.")
    parser.add_argument("-p", "--params", type=Path, default=Path("params.yaml"), help="Filepath of the parameters.")
    parser.add_argument("-m", "--model-out", type=Path, default=Path("models/model.joblib"), help="Where to save the model.")
    parser.add_argument("-o", "--metrics-out", type=Path, default=Path("metrics.json"), help="Where to save the metrics.")
    return parser.parse_args(argv)


def load_data(test_size, random_state):
    rows = [(i * (random_state + 3)) % 97 for i in range(400)]
    cut = int(len(rows) * (1 - test_size))
    labels = [row % 2 for row in rows]
    return rows[:cut], rows[cut:], labels[:cut], labels[cut:]


def main():
    args = _get_args()
    with args.params.open() as f:
        params = yaml.safe_load(f)
    logger.info("Parameters loaded from %s", args.params)

    X_train, X_test, y_train, y_test = load_data(**params["data"])
    logger.info("Training data: %d rows, test data: %d rows", len(X_train), len(X_test))

    start = time()
    model = TextBooster(**params["train"], **params["features"])
    model.fit(X_train, y_train)
    logger.info("Model fitted in %.2f s", time() - start)

    metrics = model.report(X_test, y_test)
    args.metrics_out.parent.mkdir(parents=True, exist_ok=True)
    args.metrics_out.write_text(json.dumps(metrics, indent=4))
    logger.info("Metrics saved to %s", args.metrics_out)

    args.model_out.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, args.model_out)
    logger.info("Model saved to %s", args.model_out)


if __name__ == "__main__":
    main()
