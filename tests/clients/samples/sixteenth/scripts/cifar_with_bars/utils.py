'''A bar that is drawn over itself.'''
import shutil
import sys
import time

term_width = shutil.get_terminal_size((100, 24)).columns
BAR_LENGTH = 25.
begin_time = last_time = time.time()


def format_time(seconds):
    if seconds >= 60:
        return '%dm%ds' % (seconds // 60, seconds % 60)
    if seconds >= 1:
        return '%ds' % seconds
    return '%dms' % (seconds * 1000)


def progress_bar(current, total, msg=None):
    global last_time, begin_time
    if current == 0:
        begin_time = time.time()
    done = int(BAR_LENGTH * current / total)
    sys.stdout.write(' [' + '=' * done + '>' + '.' * (int(BAR_LENGTH - done) - 1) + ']')
    now = time.time()
    parts = ['  Step: %s' % format_time(now - last_time), ' | Tot: %s' % format_time(now - begin_time)]
    last_time = now
    if msg:
        parts.append(' | ' + msg)
    text = ''.join(parts)
    sys.stdout.write(text + ' ' * (term_width - int(BAR_LENGTH) - len(text) - 3))
    for _ in range(term_width - int(BAR_LENGTH / 2) + 2):
        sys.stdout.write('\b')
    sys.stdout.write(' %d/%d ' % (current + 1, total))
    sys.stdout.write('\r' if current < total - 1 else '\n')
    sys.stdout.flush()
