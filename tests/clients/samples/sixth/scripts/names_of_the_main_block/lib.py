class Transformer:
    def __init__(self, vocab, d_model, N, heads, dropout):
        self.d_model, self.heads, self.dropout = d_model, heads, dropout


class Adam:
    def __init__(self, params, lr):
        self.lr = lr
