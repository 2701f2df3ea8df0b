import sys


class Trainer:
    def __init__(self, max_epochs, default_root_dir=None):
        self.max_epochs = max_epochs

    def fit(self, config):
        training, data = config["cnn_training"], config["data"]
        for epoch in range(self.max_epochs):
            loss = abs(training["learning_rate"] * 100 - 1) + 2 / data["batch_size"] + training["weight_decay"] * 10 + 1 / (epoch + 1)
            for batch in range(1, 6):
                bar = "█" * batch * 2 + " " * (10 - batch * 2)
                sys.stderr.write(f"\rEpoch {epoch}: {batch * 20:3d}%|{bar}| {batch}/5 [00:01<00:00,  4.00it/s, v_num=0, cnn_train_loss={loss + 0.1:.3f}")
                sys.stderr.write(f", cnn_val_loss={loss:.6f}]" if batch == 5 else "]")
        sys.stderr.write("\n`Trainer.fit` stopped: `max_epochs=%d` reached.\n" % self.max_epochs)
