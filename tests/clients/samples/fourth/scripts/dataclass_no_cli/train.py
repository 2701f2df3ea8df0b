"""Train a small model."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field

logging.basicConfig(level=logging.INFO, format="%(asctime)s [%(levelname)s] %(message)s")
logger = logging.getLogger("train")


@dataclass
class TrainConfig:
    """Training configuration."""

    learning_rate: float = 3e-4
    batch_size: int = 32
    num_epochs: int = 3
    hidden_dims: list[int] = field(default_factory=lambda: [64, 32])
    use_dropout: bool = True
    scheduler: str = "cosine"


class Trainer:
    def __init__(self, config: TrainConfig) -> None:
        self.config = config

    def evaluate(self, epoch: int) -> dict[str, float]:
        c = self.config
        loss = (
            abs(c.learning_rate * 1000 - 1)
            + 8 / c.batch_size
            + sum(c.hidden_dims) / 100
            + 2 * c.use_dropout
            + len(c.scheduler) / 10
            + 1 / epoch
        )
        return {"loss": loss, "accuracy": 1 / (1 + loss)}

    def train(self) -> None:
        logger.info("config: %s", asdict(self.config))
        for epoch in range(1, self.config.num_epochs + 1):
            metrics = self.evaluate(epoch)
            logger.info(
                "Epoch %d/%d - val_loss: %.4f - val_acc: %.4f",
                epoch,
                self.config.num_epochs,
                metrics["loss"],
                metrics["accuracy"],
            )


def main() -> None:
    config = TrainConfig()
    Trainer(config).train()


if __name__ == "__main__":
    main()
