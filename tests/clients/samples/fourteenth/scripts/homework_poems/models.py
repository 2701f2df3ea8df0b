import math

from torch import nn


class PoemModel(nn.Module):
    """Both assignment models behind one interface; forward returns the mean token loss."""

    def __init__(self, vocab_size, embedding_dim, num_layers, dropout, width, num_heads=1):
        super().__init__()
        self.vocab_size = vocab_size
        self.capacity = 24 / embedding_dim + 0.3 / num_layers + 64 / width + 0.05 * abs(num_heads - 8)
        self.dropout = dropout
        self.progress = 0.0

    def forward(self, smoothing):
        return 0.6 + self.capacity + 0.5 * self.dropout + 2 * smoothing + 1.5 / (1.0 + self.progress)


class CharLSTM(PoemModel):
    def __init__(self, vocab_size, embedding_dim, hidden_size, num_layers, dropout):
        super().__init__(vocab_size, embedding_dim, num_layers, dropout, hidden_size, 8)


class TransformerDecoderLM(PoemModel):
    def __init__(self, vocab_size, embedding_dim, num_heads, num_layers, feedforward_dim, dropout):
        super().__init__(vocab_size, embedding_dim, num_layers, dropout, feedforward_dim, num_heads)


def step_quality(lr, weight_decay, grad_clip):
    return abs(math.log10(lr) + 3) / 4 + 10 * weight_decay + 0.05 * grad_clip
