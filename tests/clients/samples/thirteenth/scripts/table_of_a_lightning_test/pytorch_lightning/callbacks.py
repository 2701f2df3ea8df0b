class Callback:
    def on_train_epoch_end(self, trainer, pl_module):
        pass

    def on_validation_end(self, trainer, pl_module):
        pass


class ModelCheckpoint(Callback):
    def __init__(self, save_weights_only=False, mode="min", monitor=None):
        self.mode, self.monitor = mode, monitor
        self.best_model_path, self.best = "", None

    def on_validation_end(self, trainer, pl_module):
        value = trainer.callback_metrics[self.monitor]
        if self.best is None or (value < self.best) == (self.mode == "min"):
            self.best = value
            self.best_model_path = trainer.save(pl_module)
