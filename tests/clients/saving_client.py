"""Trains, saves, and leaves the evaluation to another script. It ignores its second parameter."""

import sys
from pathlib import Path

out, lr = Path(sys.argv[1]), float(sys.argv[2])
for step in (1, 2):
    print(f"step {step} loss {lr / step}")
(out / "model").write_text(str(lr / 2))
