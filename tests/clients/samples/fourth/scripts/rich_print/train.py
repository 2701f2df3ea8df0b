from typing import Optional

import typer
from rich.console import Console

app = typer.Typer(pretty_exceptions_enable=False)
console = Console()


@app.command()
def train(
    lr: float = typer.Option(3e-3, "--lr", "-l", help="Learning rate"),
    width: int = typer.Option(64, min=8),
    dropout: float = 0.1,
    mixup: bool = typer.Option(False, "--mixup/--no-mixup"),
    schedule: Optional[str] = typer.Option(None, help="Schedule"),
    epochs: int = 3,
):
    console.rule("[bold blue]Training")
    for epoch in range(1, epochs + 1):
        val_loss = abs(lr * 100 - 1) + 8 / width + dropout + 2 * mixup + len(schedule or "") / 10 + 1 / epoch
        console.print(
            f"[bold]Epoch {epoch}/{epochs}[/bold]  train loss [cyan]{val_loss - 0.1:.4f}[/cyan]  val loss [green]{val_loss:.4f}[/green]"
        )
    console.print(f":tada: [bold green]Done[/bold green] best = {val_loss:.4f}")


if __name__ == "__main__":
    app()
