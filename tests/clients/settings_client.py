"""Prints its settings once before the first step, then names with signs in them; reports what is no step."""

import argparse
import json
import warnings

import hptui  # lent by the tap

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
print(json.dumps({"hidden_size": 64, "num_layers": 2, "vocab_size": 50257, "dropout": 0.1}))
print("num_train_epochs: 3\nper_device_batch_size = 8\nmax_steps: 900\nwarmup ratio: 0.03")
print("***** Running training *****\n  Num examples = 1,280\n  Total optimization steps = 900", flush=True)
warnings.warn("the verbose parameter is deprecated: 3", stacklevel=1)
print("{" * 3000 + "}" * 3000)  # nested too deeply
print(json.dumps({"val_loss": 10**400, "step": 1}))
print("x" * 200_000 + " val_loss: 0.0001")
hptui.report(float("nan"), early=1)
hptui.report("first", early=2)
for step in range(1, 4):
    print(
        f"step {step}/3 val_loss: {lr / step:.4f} eval/micro f1 score: 0.{step}1 loss (val): 0.{step}2 "
        f"F1-score (macro): 0.{step}3 eval/score_t+64=0.{step}4",
        flush=True,
    )
print("test accuracy: 0.91", flush=True)
