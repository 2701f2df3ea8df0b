import logging

import hydra
from omegaconf import DictConfig, OmegaConf

log = logging.getLogger(__name__)


def fit(cfg: DictConfig) -> float:
    optimizer = cfg["train"]["optimizer"]
    processor = cfg["model"]["processor"]
    for epoch in range(cfg["train"]["trainer"]["max_epochs"]):
        loss = abs(float(optimizer["lr"]) * 1000 - 1) + optimizer["weight_decay"] + 16 / processor["start_out_channels"]
        loss += processor["kernel_size"] / 10 + 1 / (epoch + 1)
        log.info("epoch %d: train_loss=%.4f, validation_loss=%.4f", epoch, loss - 0.1, loss)
    log.info("test_loss: %.4f", loss + 0.05)
    return loss


@hydra.main(version_base=None, config_path="../config", config_name="zebra")
def train(cfg : DictConfig) -> None:
    print(OmegaConf.to_yaml(cfg["train"]))
    fit(cfg)


if __name__ == "__main__":
    train()
