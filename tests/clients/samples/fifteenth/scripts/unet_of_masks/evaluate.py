from tqdm import tqdm


def evaluate(net, loss, n_batches, scale):
    for _ in tqdm(range(n_batches), total=n_batches, desc='Validation round', unit='batch', leave=False):
        pass
    return 1 - loss - abs(scale - 0.75) / 10
