class correctDataset:
    def __init__(self, data, nbest=10):
        self.data = data
        self.nbest = nbest

    def __getitem__(self, idx):
        return self.data[idx]['token'][: self.nbest], self.data[idx]['ref']

    def __len__(self):
        return len(self.data)


def loader(dataset, batch_size):
    return [[dataset[i] for i in range(s, min(s + batch_size, len(dataset)))]
            for s in range(0, len(dataset), batch_size)]
