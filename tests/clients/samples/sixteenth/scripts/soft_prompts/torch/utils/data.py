class DataLoader:
    def __init__(self, dataset, shuffle=False, collate_fn=None, batch_size=1):
        self.dataset, self.collate_fn, self.batch_size = dataset, collate_fn, batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        for i in range(0, len(self.dataset), self.batch_size):
            yield self.collate_fn(self.dataset[i : i + self.batch_size])
