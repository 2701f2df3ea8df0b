import os


class ModelCheckpoint:
    def __init__(self, monitor, dirpath, filename, save_top_k=1, mode="min"):
        self.monitor, self.dirpath, self.filename = monitor, dirpath, filename
        self.best_model_path, self.best = "", None

    def on_epoch(self, trainer, epoch, metrics):
        value = metrics[self.monitor]
        if self.best is None or value < self.best:
            self.best = value
            name = self.filename.replace("{epoch:02d}", f"epoch={epoch:02d}")
            name = name.replace("{%s:.4f}" % self.monitor, f"{self.monitor}={value:.4f}")
            self.best_model_path = os.path.join(self.dirpath, name + ".ckpt")
            os.makedirs(self.dirpath, exist_ok=True)
            with open(self.best_model_path, "w") as f:
                f.write("weights")


class EarlyStopping:
    def __init__(self, monitor, patience=3, mode="min"):
        self.monitor, self.patience = monitor, patience
        self.best, self.waited = None, 0

    def on_epoch(self, trainer, epoch, metrics):
        value = metrics[self.monitor]
        if self.best is None or value < self.best:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
            trainer.should_stop = self.waited >= self.patience
