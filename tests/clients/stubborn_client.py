"""What scripts do wrong; the first word says which."""

import os
import signal
import subprocess
import sys
import time

what = sys.argv[1]
print(f"step 1 val_loss {0.5 if 'nothing' not in what else 'none'}", flush=True)
if what == "lies":
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        import traceback

        traceback.print_exc()
        sys.exit(0)
elif what == "nan":
    for step in range(2, 400):
        print(f"step {step} val_loss nan", flush=True)
        time.sleep(0.01)
elif what == "hangs":
    time.sleep(600)
elif what == "catches":

    def leave(*_):
        print("leaving quietly", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    time.sleep(600)
elif what == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
elif what == "floods":
    line = "the quick brown fox jumps over the lazy dog 1234567 times, and 0.5 more: " + "x" * 26 + "\n"
    for _ in range(20):
        for _ in range(2000):
            sys.stdout.write(line)
        print("step 2 val_loss 0.25", flush=True)
elif what == "forks":
    for words in ([sys.executable, "-c", "import time; time.sleep(600)"], ["sleep", "600"]):
        subprocess.Popen(words, start_new_session=True)
    if os.fork() == 0:
        time.sleep(600)
    print("step 2 val_loss 0.125", flush=True)
elif what == "escapes":
    print(
        "\x1b]0;owned\x07\x1b[2J\x1b[31mstep 2 \x1b[1mval_loss\x1b[0m \x1b[32m0.25\x1b[0m\x1b]52;c;aGk=\x07", flush=True
    )
elif what == "oom":
    raise MemoryError
elif what == "crashes":
    raise ValueError("no such layer")
elif what == "killed":
    os.kill(os.getpid(), signal.SIGSEGV)
