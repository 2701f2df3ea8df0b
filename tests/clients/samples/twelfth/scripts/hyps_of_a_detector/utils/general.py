import logging
import math
from pathlib import Path

LOGGER = logging.getLogger("detector")
LOGGER.setLevel(logging.INFO)
_handler = logging.StreamHandler()
_handler.setFormatter(logging.Formatter("%(message)s"))
LOGGER.addHandler(_handler)

TQDM_BAR_FORMAT = "{l_bar}{bar:10}{r_bar}"


def colorstr(text):
    return "\033[34m\033[1m" + text + "\033[0m"


def increment_path(path, exist_ok=False, sep=""):
    """runs/exp -> runs/exp2, runs/exp3, …"""
    path = Path(path)
    if path.exists() and not exist_ok:
        for n in range(2, 9999):
            p = Path(f"{path}{sep}{n}")
            if not p.exists():
                return p
    return path


def one_cycle(y1=0.0, y2=1.0, steps=100):
    """A sinusoidal ramp from y1 to y2"""
    return lambda x: ((1 - math.cos(x * math.pi / steps)) / 2) * (y2 - y1) + y1


def print_args(args):
    LOGGER.info(colorstr("train: ") + ", ".join(f"{k}={v}" for k, v in vars(args).items()))
