class MnistDataLoader:
    def __init__(self, data_dir, batch_size, shuffle=True, validation_split=0.0, num_workers=1):
        self.data_dir, self.batch_size = data_dir, batch_size
        self.shuffle, self.validation_split = shuffle, validation_split
        self.size = int(60000 * (1 - validation_split))

    def split_validation(self):
        rest = MnistDataLoader(self.data_dir, self.batch_size, self.shuffle)
        rest.size = 60000 - self.size
        return rest

    def __iter__(self):
        for start in range(0, self.size, max(self.batch_size, 512)):
            yield self.batch_size, self.shuffle
