import math


class TuckER:
    def __init__(self, ent_emb_dim, rel_emb_dim, sub_drop, hidden_drop, label_smoothing):
        self.ceiling = 0.42 - 6 / ent_emb_dim - 1 / rel_emb_dim
        self.ceiling -= abs(sub_drop - 0.25) / 5 + abs(hidden_drop - 0.4) / 4 + abs(label_smoothing - 0.05) / 3

    def rank(self, epoch, lr, lr_decay, batch_size):
        mrr = self.ceiling - abs(math.log10(lr) + 3) / 25 - 2 * (1 - lr_decay) - batch_size / 10000
        return mrr - 0.2 / (1 + epoch)
