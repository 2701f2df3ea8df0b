from torch._state import Tensor


def data_generator(dataset):
    print("loading %s data..." % dataset)
    return [Tensor(0.0, 60)] * 229, [Tensor(0.0, 60)] * 76, [Tensor(0.0, 64)] * 77
