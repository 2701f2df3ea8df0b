"""wandb.config, beside an object with a config of its own."""
import wandb


class Net:
    def __init__(self, width):
        self.config = type("C", (), {"width": width, "layers": 2, "vocab_size": 100})()


def main():
    run = wandb.init(project="toy", config={"lr": 0.1, "width": 16, "optimizer": "adam"})
    cfg = wandb.config
    net = Net(cfg.width)
    for epoch in range(1, 4):
        loss = abs(cfg.lr - 0.3) + 1 / net.config.width + len(cfg["optimizer"]) + net.config.layers
        wandb.log({"train/loss": loss / 2, "val/loss": loss + 1 / epoch, "epoch": epoch})
    run.finish()


main()
