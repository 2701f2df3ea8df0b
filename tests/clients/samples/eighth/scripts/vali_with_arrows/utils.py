class AverageMeter(object):
    def __init__(self):
        self.sum = self.count = self.avg = 0

    def update(self, val, n=1):
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count


class Logger(object):
    def __init__(self, path, int_form=':04d', float_form=':.6f'):
        self.path = path
        self.width = 0
        open(path, 'w').close()
        self.int_form, self.float_form = int_form, float_form

    def write(self, values):
        text = ' '.join(('{' + (self.int_form if isinstance(v, int) else self.float_form) + '}').format(v) for v in values)
        with open(self.path, 'a') as f:
            f.write(text + '\n')
