import json


class KeypointDataset:
    def __init__(self, path, train=True):
        with open(path) as f:
            content = json.load(f)
        self.H, self.W = content["H"], content["W"]
        self.images = content["images"][:48] if train else content["images"][48:]

    def batches(self, size):
        return [self.images[start : start + size] for start in range(0, len(self.images), size)]
