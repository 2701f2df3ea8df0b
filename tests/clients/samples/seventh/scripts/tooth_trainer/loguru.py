import sys
import time


class Logger:
    def info(self, message):
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')}.123 | INFO     | __main__:train:{sys._getframe(1).f_lineno} - {message}", file=sys.stderr)


logger = Logger()
