import shutil
import sys
import time

WIDTH = shutil.get_terminal_size((100, 20)).columns
BAR = 30
_clock = {"begin": time.time(), "last": time.time()}


def progress_bar(current, total, msg=None):
    """Draw a bar, go back over it with backspaces, write the count into it."""
    now = time.time()
    if current == 0:
        _clock["begin"] = now
    done = BAR * current // total
    text = ' [' + '=' * done + '>' + '.' * (BAR - done - 1) + ']'
    text += '  Step: %s | Tot: %s' % (format_time(now - _clock["last"]), format_time(now - _clock["begin"]))
    if msg:
        text += ' | ' + msg
    text = text.ljust(WIDTH - 3)
    _clock["last"] = now
    sys.stdout.write(text + '\b' * (len(text) - BAR // 2) + ' %d/%d ' % (current + 1, total))
    sys.stdout.write('\r' if current < total - 1 else '\n')
    sys.stdout.flush()


def format_time(seconds):
    return '%.1fs' % seconds if seconds >= 1 else '%dms' % round(1000 * seconds)
