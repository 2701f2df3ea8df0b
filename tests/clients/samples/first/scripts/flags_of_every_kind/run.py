"""argparse with each kind of flag."""
import argparse


def str2bool(text):
    return text.lower() in ("1", "true", "yes")


p = argparse.ArgumentParser()
p.add_argument("--learning-rate", "-l", type=float, default=3e-4)
p.add_argument("--ema", type=str2bool, default=True)
p.add_argument("--no-shuffle", dest="shuffle", action="store_false")
p.add_argument("--amp", action="store_true")
p.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
p.add_argument("--layers", nargs="*", type=int, default=[64, 32])
p.add_argument("--patience", type=int, default=None)
p.add_argument("--seed", type=int, default=1)
args = p.parse_args()
score = args.learning_rate * 1000 + args.ema + 2 * args.shuffle + 4 * args.amp + 8 * args.compile + sum(args.layers)
score += 1000 * (args.patience is not None)
for step in range(3):
    print("step:", step, "test_f1:", round(score + step, 4), "lr:", args.learning_rate)
