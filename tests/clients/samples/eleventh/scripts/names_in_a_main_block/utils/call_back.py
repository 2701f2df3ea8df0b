import os


class LossHistory:
    def __init__(self, log_dir, model, input_shape):
        self.log_dir = log_dir
        os.makedirs(log_dir, exist_ok=True)

    def append_loss(self, epoch, **kwargs):
        for key, value in kwargs.items():
            with open(os.path.join(self.log_dir, "epoch_" + key + ".txt"), "a") as f:
                f.write(str(value) + "\n")
