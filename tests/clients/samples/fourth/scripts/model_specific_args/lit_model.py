from argparse import ArgumentParser

from tqdm import tqdm


class LitModel:
    def __init__(self, hidden_dim=128, learning_rate=1e-3, bias=True, batch_size=32, **kwargs):
        self.size = 8 / hidden_dim + abs(learning_rate * 100 - 1) + 2 * bias + 4 / batch_size

    def validation_step(self, epoch):
        return {"val_loss": self.size + 1 / epoch, "val_acc": 0.5}

    @staticmethod
    def add_model_specific_args(parent_parser):
        parser = ArgumentParser(parents=[parent_parser], add_help=False)
        parser.add_argument("--hidden_dim", type=int, default=128)
        parser.add_argument("--learning_rate", type=float, default=0.001)
        parser.add_argument("--no-bias", dest="bias", action="store_false")
        return parser


class Trainer:
    def __init__(self, max_epochs):
        self.max_epochs = max_epochs

    def fit(self, model):
        for epoch in range(1, self.max_epochs + 1):
            with tqdm(total=4, desc=f"Epoch {epoch}") as bar:
                for _ in range(4):
                    bar.update()
                bar.set_postfix(model.validation_step(epoch))
