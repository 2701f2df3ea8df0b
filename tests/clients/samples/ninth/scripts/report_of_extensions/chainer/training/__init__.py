import os
import time

from . import extensions


class StandardUpdater:
    def __init__(self, size, batchsize, optimizer):
        self.size, self.batchsize, self.optimizer = size, batchsize, optimizer


class Trainer:
    def __init__(self, updater, stop_trigger, out='result'):
        self.updater, self.out = updater, out
        self.stop = stop_trigger[0]
        self.extensions = []
        self.observation = {}
        self.epoch = self.iteration = 0

    def extend(self, extension):
        self.extensions.append(extension)

    def run(self):
        os.makedirs(self.out, exist_ok=True)
        start = time.time()
        per_epoch = max(1, self.updater.size // self.updater.batchsize)
        for self.epoch in range(1, self.stop + 1):
            self.iteration += per_epoch
            self.elapsed_time = time.time() - start
            self.observation = {}
            for extension in self.extensions:
                extension(self)
        for extension in self.extensions:
            if hasattr(extension, 'finalize'):
                extension.finalize()
