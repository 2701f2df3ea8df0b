from torch.utils.data import DataLoader, Dataset


class Pairs(Dataset):
    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return {"p": i, "h": i, "label": i % 3}


class SNLI:
    def __init__(self, args):
        self.train_iter = DataLoader(Pairs(3000), batch_size=args.batch_size, shuffle=True)
        self.dev_iter = DataLoader(Pairs(300), batch_size=args.batch_size)
        self.test_iter = DataLoader(Pairs(300), batch_size=args.batch_size)
        self.vocab_size, self.classes = 42000, ["entailment", "neutral", "contradiction"]


Quora = SNLI
