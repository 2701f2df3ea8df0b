import argparse
import json
import random
from pathlib import Path

import torch

from models import CharLSTM, TransformerDecoderLM, step_quality
from poetry import batches, build_vocab, load_poems

POEM_FORMATS = {
    "quatrain": {"line_count": 4, "name": "seven-token quatrains"},
    "octave": {"line_count": 8, "name": "seven-token octaves"},
}


def set_seed(seed: int) -> None:
    random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


def build_model(model_type, vocab_size, args):
    if model_type == "lstm":
        return CharLSTM(vocab_size, args.embedding_dim, args.hidden_size, args.num_layers, args.dropout)
    if model_type == "transformer":
        return TransformerDecoderLM(
            vocab_size, args.embedding_dim, args.num_heads, args.num_layers, args.feedforward_dim, args.dropout
        )
    raise ValueError(f"unknown model type: {model_type}")


def run_epoch(model, poems, args, lr, epoch):
    model.train()
    total_loss, total_tokens = 0.0, 0
    for batch in batches(poems, args.batch_size):
        tokens = sum(len(line) for poem in batch for line in poem)
        model.progress = epoch
        loss = model(args.label_smoothing) + step_quality(lr, args.weight_decay, args.grad_clip)
        loss += 0.002 * args.batch_size
        total_loss += loss * tokens
        total_tokens += tokens
    return total_loss / max(total_tokens, 1)


def train_one_model(model_type, poems, vocab, args):
    model = build_model(model_type, len(vocab), args)
    lr = args.lr_transformer if model_type == "transformer" else args.lr_lstm
    checkpoint_dir = Path(args.checkpoint_dir)
    checkpoint_dir.mkdir(parents=True, exist_ok=True)

    losses = []
    print(f"\nTraining {model_type} ({args.poem_format}) on {args.device}...")
    for epoch in range(1, args.epochs + 1):
        train_loss = run_epoch(model, poems, args, lr, epoch)
        losses.append(train_loss)
        if epoch == 1 or epoch % args.print_every == 0 or epoch == args.epochs:
            print(f"{model_type} epoch {epoch:03d}/{args.epochs}: train_loss={train_loss:.4f}")

    torch.save(
        {"model_type": model_type, "model_state": model.state_dict(), "train_losses": losses, "epoch": args.epochs},
        checkpoint_dir / f"{model_type}_{args.poem_format}_last.pt",
    )


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train LSTM and Transformer poem generators.")
    parser.add_argument("--checkpoint_dir", default="checkpoints")
    parser.add_argument("--output_dir", default="outputs")
    parser.add_argument("--model", choices=["lstm", "transformer", "both"], default="transformer")
    parser.add_argument("--poem_format", choices=list(POEM_FORMATS), default="octave")
    parser.add_argument("--num_poems", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--embedding_dim", type=int, default=128)
    parser.add_argument("--hidden_size", type=int, default=256)
    parser.add_argument("--num_layers", type=int, default=2)
    parser.add_argument("--num_heads", type=int, default=4)
    parser.add_argument("--feedforward_dim", type=int, default=512)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--lr_lstm", type=float, default=2e-3)
    parser.add_argument("--lr_transformer", type=float, default=5e-3)
    parser.add_argument("--weight_decay", type=float, default=1e-3)
    parser.add_argument("--label_smoothing", type=float, default=0.05)
    parser.add_argument("--grad_clip", type=float, default=1.0)
    parser.add_argument("--print_every", type=int, default=5)
    parser.add_argument(
        "--device",
        default="cuda:0" if torch.cuda.is_available() else "cpu",
        help="PyTorch device string, for example: cpu, cuda, cuda:0",
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    set_seed(args.seed)

    spec = POEM_FORMATS[args.poem_format]
    poems = load_poems(args.num_poems, spec["line_count"])
    token_to_idx, idx_to_token = build_vocab(poems)

    output_dir = Path(args.output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    with (output_dir / f"dataset_summary_{args.poem_format}.json").open("w", encoding="utf-8") as f:
        json.dump({"total_poems": len(poems), "val_poems": 0, "vocab_size": len(idx_to_token)}, f, indent=2)
    print(f"Loaded {len(poems)} {spec['name']} (all used for training), vocab={len(idx_to_token)}.")

    model_types = ["lstm", "transformer"] if args.model == "both" else [args.model]
    for model_type in model_types:
        train_one_model(model_type, poems, token_to_idx, args)


if __name__ == "__main__":
    main()
