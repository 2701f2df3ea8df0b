# -*- coding: utf-8 -*-
import argparse


def main(args):
    print("Generating Model ...")
    print("-" * 30)

    epochs = args.epochs
    print_str = "\t".join(["{}"] + ["{:.6f}"] * 4)
    print("\t".join(["{:}"] * 5).format("Epoch", "TrainLoss", "TestLoss", "TrainAcc.", "TestAcc."))
    for e in range(epochs):
        train_loss = abs(args.lr * 10 - 1) + args.gamma + 1 / (e + 1)
        test_loss = train_loss + 0.1 * (args.data == "cifar")
        print(print_str.format(e, train_loss - 0.01, test_loss, 90 + e, 85 + e))
    open("cnn.tar", "w").close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=str, default="mnist")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--milestones", type=list, default=[50, 75])
    parser.add_argument("--gamma", type=float, default=0.1)
    args = parser.parse_args()
    main(args)
