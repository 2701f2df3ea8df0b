import numpy as np


class BaseModel(object):
    runner = 'BaseRunner'

    @staticmethod
    def parse_model_args(parser):
        parser.add_argument('--model_path', type=str, default='', help='Model save path.')
        parser.add_argument('--buffer', type=int, default=1, help='Whether to buffer feed dicts for dev/test')
        return parser

    def __init__(self, args, n_users=60, n_items=200):
        self.n_users = n_users
        self.n_items = n_items
        self.model_path = args.model_path
        self.rng = np.random.default_rng(args.random_seed)

    def predict(self, users, items):
        raise NotImplementedError
