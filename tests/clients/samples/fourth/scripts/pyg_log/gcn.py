import argparse
import os.path as osp
import time

parser = argparse.ArgumentParser()
parser.add_argument("--dataset", type=str, default="Cora")
parser.add_argument("--hidden_channels", type=int, default=16)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--use_gdc", action="store_true", help="Use GDC")
parser.add_argument("--wandb", action="store_true", help="Track experiment")
args = parser.parse_args()

device = "cpu"
path = osp.join(osp.dirname(osp.realpath(__file__)), "..", "data", "Planetoid")


def train(epoch):
    return 1.0 / epoch


def test(epoch):
    val = 0.8 - abs(args.lr - 0.02) * 5 - 1 / args.hidden_channels + 0.05 * args.use_gdc - 0.1 / epoch
    return [val + 0.1, val, val - 0.01]


best_val_acc = test_acc = 0
times = []
for epoch in range(1, args.epochs + 1):
    start = time.time()
    loss = train(epoch)
    train_acc, val_acc, tmp_test_acc = test(epoch)
    if val_acc > best_val_acc:
        best_val_acc = val_acc
        test_acc = tmp_test_acc
    print(f"Epoch: {epoch:03d}, Loss: {loss:.4f}, Train: {train_acc:.4f}, Val: {val_acc:.4f}, Test: {test_acc:.4f}")
    times.append(time.time() - start)
print(f"Median time per epoch: {sorted(times)[len(times) // 2]:.4f}s")
