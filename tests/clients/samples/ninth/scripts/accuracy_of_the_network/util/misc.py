import datetime
import time
from collections import defaultdict


class SmoothedValue(object):
    def __init__(self):
        self.total, self.count, self.value = 0.0, 0, 0.0

    def update(self, value):
        self.total, self.count, self.value = self.total + value, self.count + 1, value

    @property
    def global_avg(self):
        return self.total / self.count

    def __str__(self):
        return "{:.4f} ({:.4f})".format(self.value, self.global_avg)


class MetricLogger(object):
    def __init__(self, delimiter="\t"):
        self.meters = defaultdict(SmoothedValue)
        self.delimiter = delimiter

    def update(self, **kwargs):
        for k, v in kwargs.items():
            self.meters[k].update(v)

    def __str__(self):
        return self.delimiter.join("{}: {}".format(name, str(meter)) for name, meter in self.meters.items())

    def log_every(self, iterable, print_freq, header=None):
        start_time = time.time()
        for i, obj in enumerate(iterable):
            yield obj
            if i % print_freq == 0 or i == len(iterable) - 1:
                print(self.delimiter.join([header, '[{0:2d}/{1}]'.format(i, len(iterable)), 'eta: {}'.format(
                    datetime.timedelta(seconds=0)), str(self), 'time: {:.4f}'.format(0.01), 'data: {:.4f}'.format(0.001)]))
        total_time = time.time() - start_time
        print('{} Total time: {} ({:.4f} s / it)'.format(
            header, str(datetime.timedelta(seconds=int(total_time))), total_time / len(iterable)))


def get_world_size():
    return 1


def get_rank():
    return 0


def is_main_process():
    return get_rank() == 0


def init_distributed_mode(args):
    print('Not using distributed mode')
    args.distributed = False
