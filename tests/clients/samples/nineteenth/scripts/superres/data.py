from torch.utils.data import Dataset


class DatasetFromFolder(Dataset):
    def __init__(self, size, upscale_factor):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return i, i


def get_training_set(upscale_factor):
    return DatasetFromFolder(200, upscale_factor)


def get_test_set(upscale_factor):
    return DatasetFromFolder(100, upscale_factor)
