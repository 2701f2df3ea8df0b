import argparse
import time

import config


def str2bool(v):
    if isinstance(v, bool):
        return v
    return v.lower() in ('yes', 'true', 't', '1')


# =============================================================================
# Argument Parsing
# =============================================================================

def parse_arguments():
    """Parse and setup command line arguments."""
    parser = argparse.ArgumentParser(description="Train Transformer with MoE on HuggingFace datasets")

    # Training hyperparameters
    parser.add_argument('--batch_size', type=int, default=config.batch_size)
    parser.add_argument('--lr', type=float, default=config.lr)
    parser.add_argument('--max_iters', type=int, default=config.max_iters)
    parser.add_argument('--n_embd', type=int, default=config.n_embd)
    # Resume training
    parser.add_argument('--compile', type=str2bool, default=config.compile_model,
                       help="Resume from latest checkpoint")
    parser.add_argument('--checkpoint_dir', type=str, default="checkpoints")
    return parser.parse_args()


def main():
    args = parse_arguments()
    for iter in range(0, args.max_iters + 1, 2):
        losses = {'train': 1.0, 'val': abs(args.lr * 1000 - 1) + 8 / args.batch_size + 64 / args.n_embd + 2 * args.compile + 1 / (iter + 1)}
        print(f"step {iter}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")


if __name__ == '__main__':
    main()
