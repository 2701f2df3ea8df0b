import argparse
import random

MAX_GPU_BATCH_SIZE = 16
EVAL_BATCH_SIZE = 32


class Accelerator:
    """In the place of accelerate."""

    def __init__(self, cpu=False, mixed_precision=None):
        self.mixed_precision = mixed_precision

    def print(self, *words):
        print(*words)


def training_function(config, args):
    # Initialize accelerator
    accelerator = Accelerator(cpu=args.cpu, mixed_precision=args.mixed_precision)
    # Sample hyper-parameters for learning rate, batch size, seed and a few other HPs
    lr = config["lr"]
    num_epochs = int(config["num_epochs"])
    seed = int(config["seed"])
    batch_size = int(config["batch_size"])
    random.seed(seed)
    # If the batch size is too big we use gradient accumulation
    gradient_accumulation_steps = 1
    if batch_size > MAX_GPU_BATCH_SIZE:
        gradient_accumulation_steps = batch_size // MAX_GPU_BATCH_SIZE
        batch_size = MAX_GPU_BATCH_SIZE
    for epoch in range(num_epochs):
        accuracy = 1 / (1 + lr * 10000 + 1 / batch_size + 1 / (epoch + 1)) / gradient_accumulation_steps
        eval_metric = {"accuracy": accuracy, "f1": accuracy + 0.1}
        # Use accelerator.print to print only on the main process.
        accelerator.print(f"epoch {epoch}:", eval_metric)


def main():
    parser = argparse.ArgumentParser(description="Simple example of training script.")
    parser.add_argument(
        "--mixed_precision",
        type=str,
        default=None,
        choices=["no", "fp16", "bf16", "fp8"],
        help="Whether to use mixed precision.",
    )
    parser.add_argument("--cpu", action="store_true", help="If passed, will train on the CPU.")
    args = parser.parse_args()
    config = {"lr": 2e-5, "num_epochs": 3, "seed": 42, "batch_size": 16}
    training_function(config, args)


if __name__ == "__main__":
    main()
