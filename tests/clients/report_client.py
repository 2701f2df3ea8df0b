"""Reports to hptui, which does nothing outside it."""

import sys

import hptui

lr = float(sys.argv[1])
for step in range(1, 4):
    hptui.report(step, {"val/loss": lr / step}, accuracy=(step, 200), total_steps=3)
    print(f"step {step} val/loss {lr / step:.1f}")
hptui.report(3, bad="text", good=1)
