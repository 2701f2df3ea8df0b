import os
import sys


class Logger(object):
    """Writes to the terminal and to a file at once."""

    def __init__(self):
        self.terminal = sys.stdout
        self.file = None

    def open(self, file, mode="w"):
        self.file = open(file, mode)

    def write(self, message, is_terminal=1, is_file=1):
        if "\r" in message:
            is_file = 0
        if is_terminal == 1:
            self.terminal.write(message)
            self.terminal.flush()
        if is_file == 1:
            self.file.write(message)
            self.file.flush()
            os.fsync(self.file.fileno())
