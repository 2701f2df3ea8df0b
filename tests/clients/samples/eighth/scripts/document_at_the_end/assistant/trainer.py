class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg

    def train(self):
        model, optim = self.cfg["model"], self.cfg["optim"]
        loss = abs(optim["lr"] * 1000 - 1) + optim["weight_decay"] + 16 / model["d_model"] + model["dropout"]
        loss += 0.5 * model["tie_weights"] + 10 / self.cfg["training"]["max_steps"]
        return {
            "steps": self.cfg["training"]["max_steps"],
            "train": {"loss": loss - 0.1},
            "eval": {"loss": loss, "perplexity": 2.718281828459045 ** loss},
        }
