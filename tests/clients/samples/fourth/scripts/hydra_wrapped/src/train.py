import functools
import logging
from typing import Any, Dict, Optional, Tuple

import hydra
from omegaconf import DictConfig

log = logging.getLogger(__name__)


def task_wrapper(task_func):
    @functools.wraps(task_func)
    def wrap(cfg: DictConfig):
        metric_dict, object_dict = task_func(cfg=cfg)
        log.info(f"Output dir: {cfg.paths.output_dir}")
        return metric_dict, object_dict

    return wrap


@task_wrapper
def train(cfg: DictConfig) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    log.info(f"Instantiating model <{cfg.model._target_}>")
    metrics = {}
    for epoch in range(cfg.trainer.max_epochs):
        acc = (
            0.9
            - abs(cfg.model.optimizer.lr - 0.01) * 10
            - 1 / cfg.model.net.lin1_size
            - 0.2 * cfg.model.compile
            - 0.1 / (epoch + 1)
            - cfg.data.batch_size / 10000
        )
        metrics = {"val/acc": acc, "val/loss": 1 - acc}
        log.info("Epoch %d: %s", epoch, ", ".join(f"{key}={value:.4f}" for key, value in metrics.items()))
    return metrics, {"cfg": cfg}


@hydra.main(version_base="1.3", config_path="../configs", config_name="train.yaml")
def main(cfg: DictConfig) -> Optional[float]:
    metric_dict, _ = train(cfg)
    return metric_dict[cfg.get("optimized_metric")]


if __name__ == "__main__":
    main()
