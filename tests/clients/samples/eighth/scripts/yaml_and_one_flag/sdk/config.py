import logging
import os

import yaml

logger = logging.getLogger("sdk")


def load_path(path):
    with open(path) as f:
        return yaml.safe_load(f)


def parse_configs_and_run(configs, lr=None):
    if lr is not None and lr != "None":
        configs["lr"] = float(lr)
    if "train" not in configs["ops"]:
        return
    os.makedirs(configs["output_dir"], exist_ok=True)
    handler = logging.FileHandler(os.path.join(configs["output_dir"], "train_model.log"))
    handler.setFormatter(logging.Formatter("%(asctime)s - %(levelname)s - %(message)s"))
    stream = logging.StreamHandler()
    stream.setFormatter(logging.Formatter("%(asctime)s - %(message)s"))
    logger.addHandler(handler)
    logger.addHandler(stream)
    logger.setLevel(logging.INFO)
    train(lr=configs["lr"], **configs["train_model"])


def train(lr, batch_size, max_steps, report_stats_every_n_steps, dropout=0.0, use_scheduler=True):
    for step in range(report_stats_every_n_steps, max_steps + 1, report_stats_every_n_steps):
        loss = abs(lr * 20 - 1) + 8 / batch_size + dropout + 0.5 * use_scheduler + 100 / max_steps
        logger.info(f"[STEP {step}] average number of steps per second: 2.1")
        logger.info("validation roc_auc: {0}".format(1 - loss / 10))
        logger.info("validation average_precision: {0}".format(0.8 - loss / 10))
        logger.info("training loss: {0}".format(loss - 0.1))
        logger.info("validation loss: {0}".format(loss))
