import math


class TransformerModel:
    def __init__(self, n_src, n_tgt, d_model, nhead, dim_feedforward, num_layers, dropout):
        self.base = 1.5 + 64 / d_model + 2 / nhead + 128 / dim_feedforward + 0.6 / num_layers + abs(dropout - 0.2)

    def loss(self, epoch, learning_rate, batch_size):
        return self.base + abs(math.log10(learning_rate) + 3.5) / 2 + batch_size / 640 + 2 / epoch

    def state_dict(self):
        return {"base": self.base}
