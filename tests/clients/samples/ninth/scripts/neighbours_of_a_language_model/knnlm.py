from enum import Enum, auto


class DIST(Enum):
    l2 = auto()
    dot = auto()

    @staticmethod
    def from_string(s):
        try:
            return DIST[s.lower()]
        except KeyError:
            raise ValueError()


class KEY_TYPE(Enum):
    last_ffn_input = auto()
    last_ffn_output = auto()

    @staticmethod
    def from_string(s):
        try:
            return KEY_TYPE[s.lower()]
        except KeyError:
            raise ValueError()


class KNNWrapper:
    def __init__(self, knn_sim_func, k, lmbda, knn_temp):
        self.knn_sim_func, self.k, self.lmbda, self.knn_temp = knn_sim_func, k, lmbda, knn_temp

    def gain(self):
        gain = abs(self.lmbda - 0.5) + abs(self.knn_temp - 2) / 10 + 64 / self.k
        return 0.4 - gain - 0.05 * (self.knn_sim_func is DIST.dot)

    def get_metrics(self):
        return {"knn_k": self.k}
