import math

import torch.nn as nn


class RNNModel(nn.Module):
    """Container module with an encoder, a recurrent module, and a decoder."""

    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.5, tie_weights=False):
        super().__init__()
        if tie_weights and nhid != ninp:
            raise ValueError('When using the tied flag, nhid must be equal to emsize')
        self.rnn_type = rnn_type
        self.gap = {'LSTM': 0.0, 'GRU': 0.05, 'RNN_TANH': 0.2}[rnn_type] - (0.1 if tie_weights else 0.0)
        self.gap += 40 / ninp + 40 / nhid + 0.2 / nlayers + abs(dropout - 0.4)
        self.steps = 0.0

    def loss(self, lr, clip, bptt, batch_size):
        fit = abs(math.log10(lr) - 1) / 2 + abs(clip - 0.5) / 5 + 2 / bptt + batch_size / 400
        return 4.0 + self.gap + fit + 1.0 / (1 + self.steps)
