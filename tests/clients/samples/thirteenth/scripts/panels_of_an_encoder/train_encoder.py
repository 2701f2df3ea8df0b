"""Pre-train an observation encoder and put it into the garden store."""
import json
from datetime import datetime
from pathlib import Path
from typing import Optional

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from garden.data_config import load_garden_config
from garden.trainer import train as run_train

app = typer.Typer(help="Pre-trained encoders", add_completion=False)
console = Console()
err_console = Console(stderr=True)

_DEFAULT_GARDEN = Path("runtime/garden/store")


def _summary(rows):
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", min_width=18)
    table.add_column()
    for key, value in rows:
        table.add_row(key, str(value))
    return table


def _loss_table(curve):
    loss_table = Table(padding=(0, 2, 0, 0))
    loss_table.add_column("Epoch", justify="right", style="dim")
    loss_table.add_column("Train loss", justify="right")
    loss_table.add_column("Val loss", justify="right")
    step = max(1, len(curve) // 10)
    shown = curve[::step]
    if curve[-1] not in shown:
        shown.append(curve[-1])
    for entry in shown:
        loss_table.add_row(str(entry["epoch"]), f"{entry['train']:.4f}", f"{entry['val']:.4f}")
    return loss_table


@app.command()
def main(
    config: Path = typer.Argument(Path("configs/voxel_ae.yaml"), help="Garden YAML."),
    tag: Optional[str] = typer.Option(None, "--tag", help="Tag appended to the name."),
    garden_dir: Path = typer.Option(_DEFAULT_GARDEN, "--garden-dir", help="Folder of the store."),
) -> None:
    if not config.exists():
        err_console.print(f"[red]Error:[/red] config not found: {str(config)!r}")
        raise typer.Exit(1)
    cfg = load_garden_config(config)

    rows = [("model", cfg.name), ("approach", cfg.approach), ("architecture", cfg.encoder.architecture),
            ("latent_dim", cfg.encoder.latent_dim), ("epochs", cfg.training.epochs),
            ("batch size", cfg.training.batch_size), ("lr", cfg.training.lr)]
    console.print(Panel(_summary(rows), title="[bold]Garden train[/bold]", title_align="left"))

    n_train = int(cfg.data.num_samples * cfg.data.split)
    console.print(f"[dim]{n_train} train / {cfg.data.num_samples - n_train} val samples[/dim]")

    with Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(), TaskProgressColumn(),
        TextColumn("val [cyan]{task.fields[val]:.4f}[/cyan]"),
        TimeElapsedColumn(), console=console,
    ) as progress:
        task = progress.add_task("Training", total=cfg.training.epochs, val=float("inf"))

        def epoch_cb(epoch, train_loss, val_loss):
            progress.update(task, advance=1, val=val_loss)

        result = run_train(cfg, epoch_cb=epoch_cb)

    console.print(_loss_table(result.loss_curve))

    model_dir = garden_dir / cfg.name / (tag or "latest")
    model_dir.mkdir(parents=True, exist_ok=True)
    meta = {
        "name": cfg.name,
        "tag": tag,
        "approach": cfg.approach,
        "architecture": cfg.encoder.architecture,
        "latent_dim": cfg.encoder.latent_dim,
        "epochs_trained": result.epochs_trained,
        "final_val_loss": result.final_val_loss,
        "created_at": datetime.now().isoformat(timespec="seconds"),
    }
    (model_dir / "meta.json").write_text(json.dumps(meta, indent=2))
    (model_dir / "loss_curve.json").write_text(json.dumps(result.loss_curve))

    rows = [("epochs trained", result.epochs_trained), ("val_loss", f"{result.final_val_loss:.4f}"),
            ("saved to", model_dir)]
    console.print(Panel(_summary(rows), title="[bold]Garden add[/bold]", title_align="left"))


if __name__ == "__main__":
    app()
