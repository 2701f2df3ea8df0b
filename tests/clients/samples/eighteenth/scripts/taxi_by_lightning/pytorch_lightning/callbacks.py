class ModelCheckpoint:
    def __init__(self, monitor=None, mode="min", save_top_k=1, filename=None, dirpath=None):
        self.monitor, self.best_model_path, self.best_model_score = monitor, "best.ckpt", None

    def on_validation_end(self, trainer):
        self.best_model_score = min(self.best_model_score or 1e9, trainer.logged[self.monitor])


class EarlyStopping(ModelCheckpoint):
    def __init__(self, monitor, patience=3, mode="min"):
        super().__init__(monitor)
