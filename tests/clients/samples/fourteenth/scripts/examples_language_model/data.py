import os
import random


class Corpus(object):
    def __init__(self, path):
        self.train = self.tokenize(os.path.join(path, 'train.txt'), 6000)
        self.valid = self.tokenize(os.path.join(path, 'valid.txt'), 1500)
        self.test = self.tokenize(os.path.join(path, 'test.txt'), 1500)
        self.ntokens = 500

    def tokenize(self, path, length):
        """The tokens of a file, or toy tokens where there is none."""
        if os.path.exists(path):
            with open(path, encoding='utf8') as f:
                return [hash(word) % 500 for word in f.read().split()]
        rng = random.Random(os.path.basename(path))
        return [rng.randrange(500) for _ in range(length)]
