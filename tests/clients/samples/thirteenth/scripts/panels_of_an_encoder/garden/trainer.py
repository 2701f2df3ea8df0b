import math
from dataclasses import dataclass, field


@dataclass
class TrainResult:
    epochs_trained: int = 0
    final_val_loss: float = float("inf")
    loss_curve: list = field(default_factory=list)


def floor(cfg):
    e, t = cfg.encoder, cfg.training
    loss = 0.05 + 0.03 * abs(math.log10(t.lr) + 2.6) + 0.6 / e.latent_dim + 0.2 / e.channels
    loss += 0.1 * abs(e.dropout - 0.05) + 0.01 * abs(math.log10(t.weight_decay + 1e-8) + 5)
    loss += abs(t.batch_size - 32) / 5000
    return loss + (0.02 if e.architecture == "mlp" else 0)


def train(cfg, epoch_cb=None):
    """Calls `epoch_cb(epoch, train_loss, val_loss)` after each epoch."""
    result = TrainResult()
    best, waited = float("inf"), 0
    for epoch in range(1, cfg.training.epochs + 1):
        val_loss = floor(cfg) + 0.5 / epoch
        train_loss = val_loss * 0.92
        result.loss_curve.append({"epoch": epoch, "train": train_loss, "val": val_loss})
        result.epochs_trained, result.final_val_loss = epoch, val_loss
        if epoch_cb:
            epoch_cb(epoch, train_loss, val_loss)
        if val_loss < best:
            best, waited = val_loss, 0
        else:
            waited += 1
            if waited >= cfg.training.patience:
                break
    return result
