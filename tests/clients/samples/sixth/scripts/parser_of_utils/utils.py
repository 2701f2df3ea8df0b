import argparse
import random


def seed_everything(seed):
    random.seed(seed)


def parse_args_train():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=str, default="xlm-roberta-base")
    parser.add_argument("--learning_rate", type=float, default=1e-5)
    parser.add_argument("--weight_decay", type=float, default=1e-2)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--warmup", type=float, default=0.05)
    parser.add_argument("--scheduler", type=str, default="cosine", choices=["cosine", "linear"])
    parser.add_argument("--fp16", dest="fp16", action="store_true")
    parser.add_argument("--save_path", type=str, default="models")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(fp16=False)
    return parser.parse_args()
