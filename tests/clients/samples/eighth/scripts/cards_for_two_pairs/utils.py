import logging
import os
import random
import sys

from config import Config

logger = logging.getLogger("landlord")


def init_logging():
    os.makedirs(Config.LOG_DIR, exist_ok=True)
    form = logging.Formatter("%(asctime)s | %(levelname)-8s | %(message)s", "%Y-%m-%d %H:%M:%S")
    for handler in (logging.StreamHandler(sys.stderr), logging.FileHandler(os.path.join(Config.LOG_DIR, "training.log"))):
        handler.setFormatter(form)
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def set_seed(seed):
    random.seed(seed)
