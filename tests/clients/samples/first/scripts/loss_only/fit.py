"""A training loss and nothing else."""
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1.0)
parser.add_argument("--gamma", type=float, default=0.7)
parser.add_argument("--log-interval", type=int, default=1)
args = parser.parse_args()
for batch in range(4):
    loss = abs(args.lr - 0.5) + args.gamma + 1 / (batch + 1)
    print("Train Epoch: 1 [{}/{} ({:.0f}%)]\tLoss: {:.6f}".format(batch * 64, 256, 25.0 * batch, loss))
