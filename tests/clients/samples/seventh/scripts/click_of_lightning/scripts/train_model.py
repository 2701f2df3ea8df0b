import sys
from datetime import datetime
from pathlib import Path

import click

PROJECT_ROOT = Path(__file__).resolve().parents[1]
if str(PROJECT_ROOT) not in sys.path:
    sys.path.insert(0, str(PROJECT_ROOT))

from src.config.load_config import load_config
from src.trainerlike import Trainer


@click.command()
@click.option(
    "--config_path",
    type=click.Path(exists=True, dir_okay=False, file_okay=True),
    default=str(PROJECT_ROOT / "src" / "config" / "baseline_config.json"),
    show_default=True,
)
@click.option("--seed", type=int, default=42, show_default=True)
@click.option("--max_epochs", type=int, default=None)
@click.option("--resume_from_ckpt", type=click.Path(exists=True, dir_okay=False), default=None)
@click.option("--test", "run_test", is_flag=True, default=False)
def main(config_path: str, seed: int, max_epochs: int | None, resume_from_ckpt: str | None, run_test: bool):
    config = load_config(config_path)

    run_name = f"baseline_{datetime.now().strftime('%Y%m%d_%H%M%S')}"
    log_dir = Path("logs") / run_name
    log_dir.mkdir(parents=True, exist_ok=True)

    print("Config:", config_path)
    print("Log dir:", log_dir)
    print("Data dir:", config["data"]["data_dir"])
    print("Accelerator:", "cpu")

    trainer = Trainer(max_epochs=max_epochs or config["cnn_training"]["num_epochs"], default_root_dir=str(log_dir))
    trainer.fit(config)

    print("Best Lightning checkpoint:", log_dir / "baseline-cnn-epoch=02.ckpt")
    if run_test:
        print("Testing")


if __name__ == "__main__":
    main()
