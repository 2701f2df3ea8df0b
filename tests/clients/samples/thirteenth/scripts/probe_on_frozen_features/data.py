import numpy as np


def data_loader(args):
    rng = np.random.default_rng(0)

    def batches(number):
        labels = rng.integers(0, 10, number)
        return [(np.zeros((len(labels[i:i + args.batch_size]), 8)), labels[i:i + args.batch_size])
                for i in range(0, number, args.batch_size)]

    return batches(2560), batches(1280)
