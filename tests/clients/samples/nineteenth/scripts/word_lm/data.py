from torch._state import Tensor


class Dictionary(dict):
    pass


class Corpus:
    def __init__(self, path):
        self.dictionary = Dictionary((f"w{i}", i) for i in range(3333))
        self.train, self.valid, self.test = [0] * 20000, [0] * 2000, [0] * 2200


def get_batch(source, i, bptt):
    seq_len = min(bptt, len(source) - 1 - i)
    return Tensor(0.0, seq_len), Tensor(0.0, seq_len)
