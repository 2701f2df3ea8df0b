import os
import pickle

import numpy as np


class _Net(object):
    def __init__(self, nfeat, nhid, nclass, dropout):
        rng = np.random.default_rng(1)
        self.w1 = rng.normal(size=(nfeat, nhid))
        self.w2 = rng.normal(size=(nhid, nclass))
        self.dropout = dropout
        self.skill = 0.0

    def __call__(self, x, adj):
        return adj @ np.tanh(adj @ x @ self.w1) @ self.w2

    def save(self):
        os.makedirs('checkpoints', exist_ok=True)
        with open('./checkpoints/' + self.__class__.__name__, 'wb') as f:
            pickle.dump(self.__dict__, f)

    def load(self, path):
        with open(path, 'rb') as f:
            self.__dict__.update(pickle.load(f))


class GCN(_Net):
    pass


class GAT(_Net):
    def __init__(self, nfeat, nhid, nclass, dropout, alpha, nheads):
        super().__init__(nfeat, nhid, nclass, dropout)
        self.alpha = alpha
        self.nheads = nheads
