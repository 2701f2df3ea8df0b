import os


class ModelCheckpoint:
    def __init__(self, dirpath="checkpoints", filename="{epoch}", monitor=None, mode="min", save_top_k=1, **kwargs):
        self.dirpath, self.filename, self.monitor, self.mode, self.best = dirpath, filename, monitor, mode, None

    def on_validation_end(self, trainer, model):
        value = model.logged[self.monitor][0]
        if self.best is None or (value > self.best) == (self.mode == "max"):
            self.best = value
            trainer.save_checkpoint(os.path.join(self.dirpath, f"{self.filename}.ckpt"))


class EarlyStopping:
    def __init__(self, monitor, patience=3, mode="min"):
        self.monitor = monitor

    def on_validation_end(self, trainer, model):
        pass
