from tqdm import tqdm

from config import ModelConfig, TrainConfig


def train_loop(model: ModelConfig, train: TrainConfig) -> None:
    base = abs(train.learning_rate * 1000 - 1) + train.weight_decay + 8 / train.batch_size + 16 / model.width
    base += 0.2 * model.use_bias + 0.1 * (train.grad_clip is None) + 10 * (1 - train.betas[0]) / model.depth
    pbar = tqdm(range(train.epochs), desc="training")
    for epoch in pbar:
        val = base + 1 / (epoch + 1)
        pbar.set_postfix({"train": f"{val - 0.1:.4f}", "val": f"{val:.4f}"})
        tqdm.write(f"epoch {epoch:>3} | train {val - 0.1:.4f} | val {val:.4f}")
