from collections import defaultdict


class SmoothedValue:
    def __init__(self):
        self.values = []

    @property
    def median(self):
        return sorted(self.values)[(len(self.values) - 1) // 2]

    @property
    def global_avg(self):
        return sum(self.values) / len(self.values)

    def __str__(self):
        return f"{self.median:.6f} ({self.global_avg:.6f})"


class MetricLogger:
    def __init__(self, delimiter="\t"):
        self.meters = defaultdict(SmoothedValue)
        self.delimiter = delimiter

    def update(self, **kwargs):
        for k, v in kwargs.items():
            self.meters[k].values.append(float(v))

    def __str__(self):
        return self.delimiter.join(f"{name}: {meter}" for name, meter in self.meters.items())

    def log_every(self, iterable, print_freq, header):
        for i, obj in enumerate(iterable):
            yield obj
            if i % print_freq == 0 or i == len(iterable) - 1:
                print(self.delimiter.join([header, f"[{i}/{len(iterable)}]", "eta: 0:00:00", str(self),
                                           "time: 0.0012", "data: 0.0001", "max mem: 3342"]))
        print(f"{header} Total time: 0:00:00 (0.0012 s / it)")


def init_distributed_mode(args):
    print("Not using distributed mode")
    args.distributed = False


def get_world_size():
    return 1


def is_main_process():
    return True
