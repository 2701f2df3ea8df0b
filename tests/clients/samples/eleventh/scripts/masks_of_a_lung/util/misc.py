import datetime
import json
import os
import time
from collections import defaultdict, deque


class SmoothedValue:
    def __init__(self, window_size=20, fmt="{median:.4f} ({global_avg:.4f})"):
        self.deque, self.total, self.count, self.fmt = deque(maxlen=window_size), 0.0, 0, fmt

    def update(self, value):
        self.deque.append(value)
        self.count += 1
        self.total += value

    @property
    def global_avg(self):
        return self.total / self.count

    def __str__(self):
        values = sorted(self.deque)
        return self.fmt.format(median=values[(len(values) - 1) // 2], global_avg=self.global_avg, value=self.deque[-1])


class MetricLogger:
    def __init__(self, delimiter="\t"):
        self.meters = defaultdict(SmoothedValue)
        self.delimiter = delimiter

    def add_meter(self, name, meter):
        self.meters[name] = meter

    def update(self, **kwargs):
        for k, v in kwargs.items():
            self.meters[k].update(v)

    def __str__(self):
        return self.delimiter.join("{}: {}".format(name, str(meter)) for name, meter in self.meters.items())

    def log_every(self, iterable, print_freq, header):
        start, n = time.time(), len(iterable)
        for i, obj in enumerate(iterable):
            yield obj
            if i % print_freq == 0 or i == n - 1:
                print(self.delimiter.join([header, f"[{i:{len(str(n))}d}/{n}]", "eta: 0:00:00", str(self), f"time: {time.time() - start:.4f}", "data: 0.0001"]))
        total = time.time() - start
        print(f"{header} Total time: {datetime.timedelta(seconds=int(total))} ({total / n:.4f} s / it)")


def is_main_process():
    return True


def save_model(args, epoch, model):
    with open(os.path.join(args.output_dir, args.save_dir, "checkpoint-%s.pth" % epoch), "w") as f:
        json.dump({"model": model.norm_pix_loss, "epoch": epoch}, f)
