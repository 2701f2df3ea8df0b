import argparse
import math
import types

import yaml

CONFIG_DEFAULTS = {
    "model": "mlx_model",
    "train": False,
    "fine_tune_type": "lora",
    "data": "data/",
    "seed": 0,
    "num_layers": 16,
    "batch_size": 4,
    "iters": 20,
    "val_batches": 25,
    "learning_rate": 1e-5,
    "steps_per_report": 10,
    "adapter_path": "adapters",
    "max_seq_length": 2048,
    "lr_schedule": None,
    "lora_parameters": {"rank": 8, "dropout": 0.0, "scale": 10.0},
    "mask_prompt": False,
}


def build_parser():
    parser = argparse.ArgumentParser(description="LoRA or QLoRA finetuning.")
    parser.add_argument("--model", type=str, help="The path to the local model directory or Hugging Face repo.")
    # Training args
    parser.add_argument("--train", action="store_true", help="Do training", default=None)
    parser.add_argument("--data", type=str, help="Directory with {train, valid, test}.jsonl files")
    parser.add_argument("--fine-tune-type", type=str, choices=["lora", "dora", "full"])
    parser.add_argument("--mask-prompt", action="store_true", default=None)
    parser.add_argument("--num-layers", type=int, help="Number of layers to fine-tune. Default is 16, use -1 for all.")
    parser.add_argument("--batch-size", type=int, help="Minibatch size.")
    parser.add_argument("--iters", type=int, help="Iterations to train for.")
    parser.add_argument("--learning-rate", type=float, help="Adam learning rate.")
    parser.add_argument("--steps-per-report", type=int)
    parser.add_argument("--adapter-path", type=str, help="Save/load path for the fine-tuned weights.")
    parser.add_argument("-c", "--config", type=str, help="A YAML configuration file with the training options")
    parser.add_argument("--seed", type=int, help="The PRNG seed.")
    return parser


def run(args):
    base = abs(math.log10(args.learning_rate) + 4) + 1 / args.num_layers + 1 / args.batch_size
    base += args.lora_parameters["dropout"] + 2 * args.mask_prompt
    print(f"Starting training..., iters: {args.iters}")
    print("Trainable parameters: 0.084% (3.408M/4056.467M)")
    for it in range(1, args.iters + 1):
        if it == 1 or it % 10 == 0 or it == args.iters:
            val_loss = base + 1 / it
            print(f"Iter {it}: Val loss {val_loss:.3f}, Val took {0.5:.3f}s", flush=True)
        if it % args.steps_per_report == 0:
            print(f"Iter {it}: Train loss {base / 2:.3f}, Learning Rate {args.learning_rate:.3e}, It/sec 3.000, "
                  f"Tokens/sec 400.000, Trained Tokens {it * 100}, Peak mem 3.123 GB", flush=True)
    print(f"Saved final weights to {args.adapter_path}.")


def main():
    parser = build_parser()
    args = parser.parse_args()
    config = args.config
    args = vars(args)
    if config:
        print("Loading configuration file", config)
        with open(config, "r") as file:
            config = yaml.safe_load(file)
        # Prefer parameters from command-line arguments
        for k, v in config.items():
            if args.get(k, None) is None:
                args[k] = v
    # Update defaults for unspecified parameters
    for k, v in CONFIG_DEFAULTS.items():
        if args.get(k, None) is None:
            args[k] = v
    run(types.SimpleNamespace(**args))


if __name__ == "__main__":
    main()
