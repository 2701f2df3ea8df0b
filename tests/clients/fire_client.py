"""fire; prints a Python dict a line."""

import json

import fire


def train(lr, batch_size=8, amp=False, layers=(1,), schedule="constant"):
    print(
        "settings "
        + json.dumps({"lr": lr, "batch_size": batch_size, "amp": amp, "layers": layers, "schedule": schedule})
    )
    for step in (1, 2, 3):
        print({"step": step, "loss": 1 / step, "val_loss": lr / step})


fire.Fire(train)
