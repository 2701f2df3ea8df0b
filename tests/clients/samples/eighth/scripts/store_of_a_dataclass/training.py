import wandb
from omegaconf import OmegaConf

from config import TrainConfig


def train(cfg: TrainConfig):
    run = wandb.init(project=cfg.project, config=OmegaConf.to_container(cfg))
    for epoch in range(cfg.epochs):
        loss = abs(cfg.optim.lr * 100 - 1) + 8 / cfg.batch_size + 16 / cfg.hidden[0] + 0.5 * cfg.optim.nesterov
        loss += abs(cfg.optim.momentum - 0.5) + 0.1 * (cfg.clip is not None) + 1 / (epoch + 1)
        wandb.log({"epoch": epoch, "train": {"loss": loss - 0.1}, "valid": {"loss": loss, "acc": 1 - loss / 5}})
    run.summary["valid_loss_final"] = loss
    wandb.finish()
