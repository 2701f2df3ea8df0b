class Instruct_Dataset():

    def __init__(self, config):
        self.max_len = config.max_len

    def get_generator(self):
        return list(range(32)), list(range(16))


class DataLoader():

    def __init__(self, dataset, batch_size, shuffle=False):
        self.dataset, self.batch_size = dataset, batch_size

    def __iter__(self):
        for start in range(0, len(self.dataset), self.batch_size):
            yield self.dataset[start:start + self.batch_size]
