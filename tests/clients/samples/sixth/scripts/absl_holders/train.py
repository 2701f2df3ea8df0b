from dataclasses import dataclass

from absl import logging


@dataclass
class TrainConfig:
    learning_rate: float = 0.001
    num_epochs: int = 10
    batch_size: int = 128
    seed: int = 1425


def train(train_config: TrainConfig):
    logging.set_verbosity(logging.INFO)
    for epoch in range(1, train_config.num_epochs + 1):
        logging.info(f"Starting epoch {epoch}/{train_config.num_epochs}.")
        value = abs(train_config.learning_rate * 100 - 1) + 8 / train_config.batch_size + 1 / epoch
        for step in range(2):
            logging.log_every_n(logging.INFO, f"Epoch {epoch} Step {step}, Loss: {value + 0.5:.4f}", 1)
        logging.info(f"Evaluating epoch {epoch}/{train_config.num_epochs}.")
        logging.info(f"Epoch {epoch} Final Evaluation, Loss: {value:.4f}, Accuracy: {1 / (1 + value):.4f}")
