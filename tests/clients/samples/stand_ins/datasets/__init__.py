"""A small stand-in for datasets: rows are made up by their number."""


class Dataset:
    def __init__(self, rows):
        self.rows = rows

    @property
    def column_names(self):
        return list(self.rows[0]) if self.rows else []

    def map(self, function, batched=False, remove_columns=None, num_proc=None, desc=None, **kwargs):
        if batched:
            columns = {name: [row[name] for row in self.rows] for name in self.column_names}
            new = function(columns)
            return Dataset([{**row, **{k: v[i] for k, v in new.items()}} for i, row in enumerate(self.rows)])
        return Dataset([{**row, **function(row)} for row in self.rows])

    def filter(self, function):
        return Dataset([row for row in self.rows if function(row)])

    def shuffle(self, seed=None):
        return self

    def select(self, numbers):
        return Dataset([self.rows[i] for i in numbers])

    def train_test_split(self, test_size=0.1, seed=None, shuffle=True):
        n = int(len(self.rows) * test_size) if test_size < 1 else int(test_size)
        return DatasetDict(train=Dataset(self.rows[n:]), test=Dataset(self.rows[:n]))

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    def __getitem__(self, key):
        return [row[key] for row in self.rows] if isinstance(key, str) else self.rows[key]


class DatasetDict(dict):
    def map(self, function, **kwargs):
        return DatasetDict({name: part.map(function, **kwargs) for name, part in self.items()})


def _row(i):
    return {
        "instruction": f"Say the number {i}.", "input": "", "output": str(i), "response": str(i), "prompt": f"Say {i}.",
        "question": f"What is {i} + 1?", "answer": f"One more. #### {i + 1}", "chosen": str(i), "rejected": str(i + 1),
        "text": f"number {i}", "label": i % 3, "document": f"number {i} " * 20, "summary": f"number {i}",
        "messages": [{"role": "user", "content": f"Say {i}."}, {"role": "assistant", "content": str(i)}],
    }


SIZES = {"train": 640, "validation": 128, "test": 128}


def load_dataset(path, name=None, data_files=None, split=None, **kwargs):
    if split is None:
        return DatasetDict({key: Dataset([_row(i) for i in range(n)]) for key, n in SIZES.items()})
    return Dataset([_row(i) for i in range(SIZES[split.split("[")[0]])])


def load_from_disk(path):
    return load_dataset(path)
