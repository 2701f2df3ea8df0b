import logging

import hydra
from hydra.utils import get_original_cwd
from omegaconf import DictConfig, OmegaConf

log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    log.info("Config:\n%s", OmegaConf.to_yaml(cfg))
    base = cfg.optimizer.lr * 100 + cfg.optimizer.weight_decay + 8 / cfg.model.hidden_dim + cfg.model.dropout
    for epoch in range(cfg.trainer.max_epochs):
        log.info(f"Epoch {epoch}: train/loss={base * 2:.4f}")
        log.info(f"Epoch {epoch}: val/loss={base + 1 / (epoch + 1):.4f} val/acc={1 / (1 + base):.4f}")
    return base


if __name__ == "__main__":
    main()
