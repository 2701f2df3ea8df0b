import json
import os
import sys


class Evaluator:
    def __init__(self, model):
        self.model = model

    def __call__(self, trainer):
        loss = self.model(trainer.updater, trainer.epoch)
        trainer.observation.update({
            'main/loss': loss - 0.05, 'main/accuracy': 1 - (loss - 0.05) / 5,
            'validation/main/loss': loss, 'validation/main/accuracy': 1 - loss / 5})


class LogReport:
    def __init__(self):
        self.log = []

    def __call__(self, trainer):
        trainer.observation.update(epoch=trainer.epoch, iteration=trainer.iteration, elapsed_time=trainer.elapsed_time)
        self.log.append(dict(trainer.observation))
        with open(os.path.join(trainer.out, 'log'), 'w') as f:
            json.dump(self.log, f, indent=4)


class PrintReport:
    def __init__(self, entries, out=sys.stdout):
        self.entries, self.out = entries, out
        self.widths = [max(10, len(entry)) for entry in entries]
        self.header = '  '.join('{:{}}'.format(e, w) for e, w in zip(entries, self.widths)) + '\n'

    def __call__(self, trainer):
        if self.header:
            self.out.write(self.header)
            self.header = None
        self.out.write('\033[J')
        line = ''
        for entry, width in zip(self.entries, self.widths):
            line += '{:<{}g}  '.format(trainer.observation[entry], width)
        self.out.write(line + '\n')
        self.out.flush()


class ProgressBar:
    def __init__(self, bar_length=50, out=sys.stdout):
        self.bar_length, self.out = bar_length, out

    def __call__(self, trainer):
        rate = trainer.epoch / trainer.stop
        marks = '#' * int(rate * self.bar_length)
        self.out.write('\033[J')
        self.out.write('     total [{}{}] {:6.2%}\n'.format(marks, '.' * (self.bar_length - len(marks)), rate))
        self.out.write('this epoch [{}] {:6.2%}\n'.format('.' * self.bar_length, 0))
        self.out.write('{:10} iter, {} epoch / {} epochs\n'.format(trainer.iteration, trainer.epoch, trainer.stop))
        self.out.write('{:10.5g} iters/sec. Estimated time to finish: {}.\n'.format(150.5, '0:00:01'))
        self.out.write('\033[4A')
        self.out.flush()

    def finalize(self):
        self.out.write('\033[J')
        self.out.flush()
