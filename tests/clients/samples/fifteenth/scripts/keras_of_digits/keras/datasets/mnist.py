import numpy as np


def load_data():
    train, test = np.zeros((600, 28, 28), "uint8"), np.zeros((100, 28, 28), "uint8")
    return (train, np.arange(600) % 10), (test, np.arange(100) % 10)
