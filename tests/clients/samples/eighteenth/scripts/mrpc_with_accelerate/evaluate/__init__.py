"""A small stand-in for evaluate."""


class Metric:
    def add_batch(self, predictions, references):
        pass

    def compute(self):
        from torch._state import STATE
        from _formula import measure

        found = measure(STATE)
        return {"accuracy": found["accuracy"], "f1": found["f1"]}


def load(path, name=None):
    return Metric()
