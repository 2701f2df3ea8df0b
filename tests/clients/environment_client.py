"""Takes its settings from the environment, writes JSON lines."""

import json
import os
import sys

lr = float(os.environ["LR"])
print(
    "settings " + json.dumps({"lr": lr, "batch_size": int(os.environ["BATCH_SIZE"]), "seed": int(os.environ["SEED"])})
)
with open(sys.argv[1], "w") as log:
    for step in (10, 20):
        print(json.dumps({"step": step, "eval": {"loss": lr / step, "tokens": 7}}), file=log, flush=True)
