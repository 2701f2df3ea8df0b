from __future__ import annotations

from pathlib import Path

import click

ROOT_DIR = Path(__file__).parent
MODELS_DIR = ROOT_DIR / "models"


@click.command()
@click.option(
    "--dataset-root",
    type=click.Path(path_type=Path),
    default=ROOT_DIR / "data" / "processed",
)
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path),
    default=MODELS_DIR / "training_diffusion",
)
@click.option("--seed", type=int, default=0)
@click.option("--batch-size", type=int, default=512)
@click.option("--epochs", type=int, default=3)
@click.option("--learning-rate", type=float, default=1e-3)
@click.option("--schedule", "-s", type=click.Choice(["linear", "cosine"]), default="linear")
@click.option("--use-wandb/--no-use-wandb", default=False)
@click.option("--cache-latents/--no-cache-latents", default=True)
def main(
    dataset_root: Path,
    output_dir: Path,
    seed: int,
    batch_size: int,
    epochs: int,
    learning_rate: float,
    schedule: str,
    use_wandb: bool,
    cache_latents: bool,
) -> None:
    output_dir.mkdir(parents=True, exist_ok=True)
    best_val_loss = float("inf")
    for epoch in range(1, epochs + 1):
        val_loss = abs(learning_rate * 100 - 1) + 64 / batch_size + (schedule == "cosine") + 2 * cache_latents + 1 / epoch
        if val_loss <= best_val_loss:
            best_val_loss = val_loss
        print(
            f"Epoch {epoch}/{epochs}: "
            f"train_loss={val_loss + 0.1:.6f}, "
            f"val_loss={val_loss:.6f}, "
            f"best_val_loss={best_val_loss:.6f}"
        )


if __name__ == "__main__":
    main()
