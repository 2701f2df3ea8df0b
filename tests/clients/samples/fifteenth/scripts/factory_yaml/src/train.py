# Copyright 2025 the toy factory team.
#
# Usage: python src/train.py examples/train_lora/qwen3_lora_sft.yaml [key=value ...]
from llamatoy.train.tuner import run_exp


def main():
    run_exp()


if __name__ == "__main__":
    main()
