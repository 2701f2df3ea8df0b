class QuickPitch:
    def __init__(self, params):
        self.params = params


class Trainer:
    def fit(self, model):
        p = model.params
        for epoch in range(p["max_epochs"]):
            value = abs(p["learning_rate"] * 100 - 1) + 1 / p["batch_size"] + p["num_channels"] / 10 + 1 / (epoch + 1)
            print(f"Epoch {epoch}: 100%|##########| 3/3 [00:00<00:00, 120.1it/s, v_num=0, train_loss={value + 0.2:.3f}, val_loss={value:.3f}]")
