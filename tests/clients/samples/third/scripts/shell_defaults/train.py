import argparse

p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, required=True)
p.add_argument("--width", type=int, required=True)
p.add_argument("--model", required=True)
p.add_argument("--epochs", type=int, default=3)
a = p.parse_args()
for e in range(a.epochs):
    print("epoch %d valid_loss %.5f" % (e, a.lr * 100 + 8 / a.width + len(a.model) / 10 + 1 / (e + 1)))
