class LMConfig:
    model_type = "toymind"

    def __init__(self, dim: int = 512, n_layers: int = 8, n_heads: int = 8, max_seq_len: int = 512, dropout: float = 0.0,
                 use_moe: bool = False):
        self.dim = dim
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.max_seq_len = max_seq_len
        self.dropout = dropout
        self.use_moe = use_moe
