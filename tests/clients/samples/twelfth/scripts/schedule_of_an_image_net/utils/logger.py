class Logger(object):
    """Save training process to a log file: one row per epoch, one column per quantity."""

    def __init__(self, fpath, title=None, resume=False):
        self.title = "" if title is None else title
        self.names = []
        self.numbers = {}
        self.file = open(fpath, "a" if resume else "w")

    def set_names(self, names):
        self.names = names
        for name in self.names:
            self.file.write(name)
            self.file.write("\t")
            self.numbers[name] = []
        self.file.write("\n")
        self.file.flush()

    def append(self, numbers):
        assert len(self.names) == len(numbers), "Numbers do not match names"
        for name, num in zip(self.names, numbers):
            self.file.write("{0:.6f}".format(num))
            self.file.write("\t")
            self.numbers[name].append(num)
        self.file.write("\n")
        self.file.flush()

    def close(self):
        self.file.close()
