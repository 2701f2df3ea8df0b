import argparse
import os

import torch
import torch.nn as nn
import torch.optim as optim
from model import TCN
from utils import data_generator

parser = argparse.ArgumentParser(description="Sequence Modeling - Polyphonic Music")
parser.add_argument("--cuda", action="store_false", help="use CUDA (default: True)")
parser.add_argument("--dropout", type=float, default=0.25, help="dropout applied to layers (default: 0.25)")
parser.add_argument("--clip", type=float, default=0.2, help="gradient clip, -1 means no clip (default: 0.2)")
parser.add_argument("--epochs", type=int, default=10, help="upper epoch limit (default: 10)")
parser.add_argument("--ksize", type=int, default=5, help="kernel size (default: 5)")
parser.add_argument("--levels", type=int, default=4, help="# of levels (default: 4)")
parser.add_argument("--log-interval", type=int, default=100, metavar="N", help="report interval (default: 100")
parser.add_argument("--lr", type=float, default=1e-3, help="initial learning rate (default: 1e-3)")
parser.add_argument("--optim", type=str, default="Adam", help="optimizer to use (default: Adam)")
parser.add_argument("--nhid", type=int, default=150, help="number of hidden units per layer (default: 150)")
parser.add_argument("--data", type=str, default="Nott", help="the dataset to run (default: Nott)")
parser.add_argument("--seed", type=int, default=1111, help="random seed (default: 1111)")

args = parser.parse_args()

# Set the random seed manually for reproducibility.
torch.manual_seed(args.seed)
print(args)
input_size = 88
X_train, X_valid, X_test = data_generator(args.data)

n_channels = [args.nhid] * args.levels
kernel_size = args.ksize
dropout = args.dropout

model = TCN(input_size, input_size, n_channels, kernel_size, dropout=args.dropout)
criterion = nn.BCELoss()
lr = args.lr
optimizer = getattr(optim, args.optim)(model.parameters(), lr=lr)


def evaluate(X_data, name="Eval"):
    model.eval()
    total_loss = 0.0
    count = 0
    with torch.no_grad():
        for data_line in X_data:
            output = model(data_line)
            loss = criterion(output, data_line)
            total_loss += loss.item()
            count += 1
        eval_loss = total_loss / count
        print(name + " loss: {:.5f}".format(eval_loss))
        return eval_loss


def train(ep):
    model.train()
    total_loss = 0
    count = 0
    for i, data_line in enumerate(X_train):
        optimizer.zero_grad()
        output = model(data_line)
        loss = criterion(output, data_line)
        total_loss += loss.item()
        count += 1
        if args.clip > 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        loss.backward()
        optimizer.step()
        if i > 0 and i % args.log_interval == 0:
            cur_loss = total_loss / count
            print("Epoch {:2d} | lr {:.5f} | loss {:.5f}".format(ep, lr, cur_loss))
            total_loss = 0.0
            count = 0


if __name__ == "__main__":
    best_vloss = 1e8
    vloss_list = []
    model_name = "poly_music_{0}.pt".format(args.data)
    for ep in range(1, args.epochs + 1):
        train(ep)
        vloss = evaluate(X_valid, name="Validation")
        tloss = evaluate(X_test, name="Test")
        if vloss < best_vloss:
            with open(model_name, "wb") as f:
                torch.save(model.state_dict(), model_name)
                print("Saved model!\n")
            best_vloss = vloss
        if ep > 10 and vloss > max(vloss_list[-3:]):
            lr /= 10
            for param_group in optimizer.param_groups:
                param_group["lr"] = lr

        vloss_list.append(vloss)

    print("-" * 89)
    tloss = evaluate(X_test)
