"""OmegaConf: a file, and what the command line says over it."""
from omegaconf import OmegaConf

base = OmegaConf.load("conf/default.yaml")
cfg = OmegaConf.merge(base, OmegaConf.from_cli())

value = cfg.optim.lr * 10 + cfg.model.layers + cfg.model.dropout + 2 * cfg.optim.nesterov
for epoch in range(1, cfg.epochs + 1):
    print(f"epoch {epoch}: train_loss={value / 2:.4f} valid_loss={value + 1 / epoch:.4f}")
