"""A small stand-in for the part of datasets that this script uses."""


def load_dataset(name, **kwargs):
    def rows(n):
        return [{"prompt": [{"role": "user", "content": f"Question {i}?"}], "completion": [{"role": "assistant", "content": "Yes." * (i % 3)}], "label": i % 2 == 0} for i in range(n)]

    return {"train": rows(256), "test": rows(64)}
