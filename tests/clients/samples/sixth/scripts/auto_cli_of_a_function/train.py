import logging
import os


def logger():
    logging.basicConfig(level=logging.INFO, format="[%(asctime)s] %(levelname)-8s %(message)s", datefmt="%m/%d/%y %H:%M:%S")
    return logging.getLogger("rich")


def train(
    dataset_root: str = "datasets/imagenet2012",
    batch_size: int = 32,
    shuffle: bool = True,
    epochs: int = 2,
    lr: float = 2e-4,
    eps: int = 10,
    model: str = "dino_vitb16",
    facet: str = "key",
    attn_layer: int = -1,
    save_dir: str = "checkpoints",
):
    """Training script for one model variant."""
    log = logger()
    run = f"dsva_{model}_e{epochs}_bs{batch_size}_eps{eps}_{facet}"
    run += f"_attn{attn_layer}" if attn_layer >= 0 else ""
    save_dir = os.path.join(save_dir, run)
    os.makedirs(save_dir, exist_ok=True)
    log.info(f"Starting run: {run}")
    for epoch in range(epochs):
        for i in range(3):
            loss = abs(lr * 1000 - 1) + 8 / batch_size + eps / 100 + 2 * shuffle + attn_layer / 10 + 1 / (epoch * 3 + i + 1)
            loss_log = (
                f"epoch {epoch + 1}/{epochs}, "
                f"step {i + 1}/{3}: loss {loss:.6f}"
            )
            log.info(loss_log)
        log.info(f"Saved model to {os.path.join(save_dir, f'generator_epoch{epoch + 1}.pth')}")


if __name__ == "__main__":
    from jsonargparse import auto_cli

    auto_cli(train)
