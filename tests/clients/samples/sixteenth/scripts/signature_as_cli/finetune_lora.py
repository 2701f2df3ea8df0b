"""Fine-tune with LoRA.  `python finetune_lora.py --lora_r 16 --train.learning_rate 2e-4`; see `--help` for the rest."""
import csv
import math
import time
from pathlib import Path
from pprint import pprint
from typing import Literal, Optional

from jsonargparse import CLI

from minigpt.args import EvalArgs, TrainArgs
from minigpt.lora import GPT, Config


def setup(
    checkpoint_dir: Path = Path("checkpoints/toy-3b"),
    out_dir: Path = Path("out/finetune/lora"),
    precision: Optional[str] = None,
    quantize: Optional[Literal["bnb.nf4", "bnb.int8"]] = None,
    devices: int = 1,
    lora_r: int = 8,
    lora_alpha: int = 16,
    lora_dropout: float = 0.05,
    lora_mlp: bool = False,
    train: TrainArgs = TrainArgs(save_interval=1000, log_interval=4, global_batch_size=16, micro_batch_size=4, lr_warmup_steps=40, epochs=2),
    eval: EvalArgs = EvalArgs(interval=20, max_iters=100),
    seed: int = 1337,
) -> None:
    """Finetune a model using the LoRA method.

    Arguments:
        checkpoint_dir: The path to the base model's checkpoint directory.
        out_dir: Directory in which to save checkpoints and logs.
        precision: The precision to use for finetuning.
        quantize: If set, quantize the model with this algorithm.
        devices: How many devices/GPUs to use.
        lora_r: The LoRA rank.
        lora_alpha: The LoRA alpha.
        lora_dropout: The LoRA dropout value.
        lora_mlp: Whether to apply LoRA to the weights of the MLP.
        train: Training-related arguments. See ``minigpt.args.TrainArgs`` for details.
        eval: Evaluation-related arguments. See ``minigpt.args.EvalArgs`` for details.
        seed: The random seed to use for reproducibility.
    """
    pprint(locals())
    out_dir.mkdir(parents=True, exist_ok=True)
    config = Config(checkpoint_dir.name, lora_r, lora_alpha, lora_dropout, lora_mlp)
    model = GPT(config)
    print(f"Number of trainable parameters: {lora_r * 65_536:,}")
    print("Number of non-trainable parameters: 3,637,207,040")
    t0 = time.perf_counter()
    with open(out_dir / "metrics.csv", "w", newline="") as f:
        fit(model, train, eval, devices, csv.writer(f))
    print(f"Training time: {(time.perf_counter() - t0):.2f}s")
    if eval.final_validation:
        val_loss = validate(model, train, eval)
        print(f"Final evaluation | val loss: {val_loss:.3f} | val ppl: {math.exp(val_loss):.3f}")
    (out_dir / "final").mkdir(exist_ok=True)
    (out_dir / "final" / "hyperparameters.yaml").write_text(f"lora_r: {lora_r}\nlora_alpha: {lora_alpha}\n")


def fit(model, train, eval, devices, writer):
    writer.writerow(["iter", "loss", "val_loss"])
    n_batches = 480 // train.micro_batch_size
    accumulate = train.gradient_accumulation_iters(devices)
    val_loss, step = "n/a", 0
    print(f"The longest sequence length in the train data is 347, the model's maximum sequence length is {min(347, train.max_seq_length or 347)}")
    for it in range(1, train.epochs * n_batches + 1):
        t0 = time.perf_counter()
        loss = model.loss(train) - 0.1
        is_accumulating = it % accumulate != 0
        if not is_accumulating:
            model.updates += 1
            step += 1
        if it % train.log_interval == 0:
            print(
                f"Epoch {(it - 1) // n_batches + 1} | iter {it} step {step} | loss train: {loss:.3f}, val: {val_loss} |"
                f" iter time: {(time.perf_counter() - t0) * 1000:.2f} ms{' (step)' if not is_accumulating else ''}"
            )
            writer.writerow([it, f"{loss:.5f}", val_loss])
        if not is_accumulating and step % eval.interval == 0:
            t0 = time.perf_counter()
            v = validate(model, train, eval)
            print(f"iter {it}: val loss {v:.4f}, val time: {(time.perf_counter() - t0) * 1000:.2f} ms")
            val_loss = f"{v:.3f}"


def validate(model, train, eval):
    print("Validating ...")
    losses = [model.loss(train) for _ in range(min(eval.max_iters, 30))]
    return sum(losses) / len(losses)


if __name__ == "__main__":
    CLI(setup, as_positional=False)
