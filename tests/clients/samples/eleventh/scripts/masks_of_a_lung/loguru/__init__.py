"""A small stand-in: a logger with the lines of the original."""
import datetime
import inspect
import sys


class _Logger:
    def __init__(self):
        self.files = []

    def add(self, path):
        self.files.append(path)

    def info(self, message):
        frame = inspect.stack()[1]
        stamp = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        module = frame.frame.f_globals["__name__"]
        text = f"{stamp} | INFO     | {module}:{frame.function}:{frame.lineno} - {message}"
        print(text, file=sys.stderr)
        for path in self.files:
            with open(path, "a") as f:
                f.write(text + "\n")


logger = _Logger()
