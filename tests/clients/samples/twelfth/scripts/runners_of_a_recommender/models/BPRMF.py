"""Matrix factorization with a pairwise loss."""
import numpy as np

from models.BaseModel import BaseModel


class BPRMF(BaseModel):
    @staticmethod
    def parse_model_args(parser):
        parser.add_argument('--emb_size', type=int, default=64, help='Size of embedding vectors.')
        return BaseModel.parse_model_args(parser)

    def __init__(self, args):
        super().__init__(args)
        self.emb_size = args.emb_size
        self.u = self.rng.normal(scale=0.01, size=(self.n_users, self.emb_size))
        self.i = self.rng.normal(scale=0.01, size=(self.n_items, self.emb_size))

    def size_penalty(self):
        return 1.6 / self.emb_size

    def predict(self, users, items):
        return np.sum(self.u[users] * self.i[items], axis=-1)


class NeuMF(BPRMF):
    @staticmethod
    def parse_model_args(parser):
        parser.add_argument('--layers', type=str, default='[64]', help="Size of each layer.")
        return BPRMF.parse_model_args(parser)

    def __init__(self, args):
        super().__init__(args)
        self.layers = eval(args.layers)

    def size_penalty(self):
        return 1.6 / self.emb_size + 0.8 / self.layers[-1]
