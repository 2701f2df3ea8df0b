import os


def number(value):
    return f"{value:.2e}" if isinstance(value, float) else str(value)


class FileTrainLogger:
    def __init__(self, save_file):
        self.save_file = save_file

    def log_stats(self, stats_meta, train_stats=None, valid_stats=None, test_stats=None):
        parts = [", ".join(f"{k}: {number(v)}" for k, v in stats_meta.items())]
        for name, stats in (("train", train_stats), ("valid", valid_stats), ("test", test_stats)):
            if stats is not None:
                parts.append(", ".join(f"{name} {k}: {number(v)}" for k, v in stats.items()))
        line = " - ".join(parts)
        os.makedirs(os.path.dirname(self.save_file), exist_ok=True)
        with open(self.save_file, "a") as f:
            print(line, file=f)
        print("speechbrain.utils.train_logger - " + line)
