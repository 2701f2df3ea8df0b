from light_torch import nn

NODE_FEATURE_DIM = 16


class PhishingGNN(nn.Module):
    def __init__(self, input_dim=NODE_FEATURE_DIM, hidden_dim=32, embedding_dim=32):
        super().__init__()
        self.hidden_dim, self.embedding_dim = hidden_dim, embedding_dim
