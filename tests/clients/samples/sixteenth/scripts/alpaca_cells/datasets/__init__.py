"""A small stand-in for the part of datasets that this script uses."""


class Dataset(list):
    def map(self, function, batched=False):
        texts = function({k: [row[k] for row in self] for k in self[0]})
        return Dataset({**row, "text": text} for row, text in zip(self, texts["text"]))


def load_dataset(name, split="train"):
    return Dataset({"instruction": f"Say {i}.", "input": "", "output": f"{i}"} for i in range(2000))
