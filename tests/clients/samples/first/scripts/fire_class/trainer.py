"""fire on a class."""
import fire


class Trainer:
    """Trains."""

    def __init__(self, lr=1e-2, width=32, name="base"):
        self.lr, self.width, self.name = lr, width, name

    def fit(self, epochs: int = 2, schedule="cosine", clip=1.0):
        for epoch in range(1, epochs + 1):
            value = abs(self.lr - 0.05) + 1 / self.width + (schedule != "cosine") + clip + len(self.name)
            print({"epoch": epoch, "loss": round(value / 2, 5), "eval_loss": round(value + 1 / epoch, 5)})

    def evaluate(self, path="model.pt"):
        print(path)


if __name__ == "__main__":
    fire.Fire(Trainer)
