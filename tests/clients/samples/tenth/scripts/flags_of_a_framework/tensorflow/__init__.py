"""A small stand-in: the flags, the log and an estimator that is trained by arithmetic."""
import logging as _logging
import sys as _sys
import types as _types

from absl import app, flags  # noqa: F401

_log = _logging.getLogger("tensorflow")
_handler = _logging.StreamHandler(_sys.stderr)
_handler.setFormatter(_logging.Formatter("%(levelname)s:tensorflow:%(message)s"))
_log.addHandler(_handler)
_log.propagate = False
logging = _types.SimpleNamespace(INFO=20, set_verbosity=_log.setLevel, info=_log.info)


class Estimator:
    def __init__(self, model_fn, model_dir, log_steps=50):
        self.model_fn, self.log_steps = model_fn, log_steps

    def train(self, max_steps):
        for step in range(max_steps + 1):
            if step % self.log_steps == 0:
                _log.info("loss = %.7g, step = %d (0.412 sec)", self.model_fn(step)["loss"], step)
        self.steps = max_steps
        _log.info("Loss for final step: %.7g.", self.model_fn(max_steps)["loss"])

    def evaluate(self):
        loss = self.model_fn(self.steps)["loss"]
        f = 1 / (1 + loss / 4)
        return {"eval_f": f, "eval_precision": f - 0.01, "eval_recall": f + 0.01, "loss": loss, "global_step": self.steps}
