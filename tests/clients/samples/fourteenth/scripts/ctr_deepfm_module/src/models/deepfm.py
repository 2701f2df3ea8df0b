import math

from torch import nn


class DeepFM(nn.Module):
    def __init__(self, num_dense, num_sparse, hash_bucket_size, embed_dim, mlp_dims, dropout):
        super().__init__()
        self.gap = 0.15 + 0.4 / embed_dim + 4 / sum(mlp_dims) + abs(dropout - 0.3) / 10
        self.gap += 200 / hash_bucket_size + num_dense * num_sparse * 0.0
        self.seen = 0.0

    def fit(self, lr, weight_decay, batch_size, epoch):
        self.seen = abs(math.log10(lr) + 2.5) / 20 + abs(math.log10(weight_decay) + 5) / 100
        self.seen += batch_size / 50000 + 0.05 / epoch

    def forward(self, batch):
        return self.gap + self.seen
