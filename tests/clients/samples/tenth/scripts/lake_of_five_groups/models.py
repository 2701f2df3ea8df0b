import math


class ModelRNN:
    def __init__(self, hidden, num_layers, rnn_dropout, W_y, head_hidden, head_dropout, param_in_rnn, param_in_head):
        self.error = 0.1 + 1 / hidden + 0.1 / num_layers + abs(rnn_dropout - 0.1) / 5 + abs(head_dropout - 0.05) / 5
        self.error += 8 / sum(head_hidden) + W_y / 1000 + 0.1 * (not param_in_rnn) + 0.05 * (not param_in_head)

    def mse(self, cfg, epoch):
        error = self.error + abs(math.log10(cfg.train.lr) + 2.5) / 10 + cfg.train.batch_size / 5120
        return error + abs(cfg.train.smooth_lambda - 0.01) + 30 / cfg.model.Wx + 0.2 / epoch
