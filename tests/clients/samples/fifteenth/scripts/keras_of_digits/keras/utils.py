import numpy as np


def set_random_seed(seed):
    np.random.seed(seed)


def to_categorical(y, num_classes):
    return np.eye(num_classes)[y]
