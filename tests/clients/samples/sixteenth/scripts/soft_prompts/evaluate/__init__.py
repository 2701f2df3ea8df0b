"""A small stand-in for the part of evaluate that this script uses."""


class Metric:
    def __init__(self):
        self.errors = []

    def add_batch(self, predictions, references):
        self.errors.extend(predictions)

    def compute(self):
        error, self.errors = sum(self.errors) / len(self.errors), []
        return {"accuracy": 1 - error, "f1": 1 - 0.7 * error}


def load(*names):
    return Metric()
