from enum import Enum
from typing import List, Optional

import typer
from typing_extensions import Annotated


class Schedule(str, Enum):
    cosine = "cosine"
    linear = "linear"


app = typer.Typer(add_completion=False)


@app.command()
def train(
    lr: Annotated[float, typer.Option("--lr", "-l", help="learning rate")] = 0.003,
    schedule: Annotated[Schedule, typer.Option(case_sensitive=False)] = Schedule.cosine,
    layers: Annotated[Optional[List[int]], typer.Option()] = None,
    use_ema: Annotated[bool, typer.Option("--ema/--no-ema")] = True,
    max_epochs: Annotated[int, typer.Option(min=1)] = 3,
):
    sizes = layers or [32]
    for epoch in range(max_epochs):
        loss = lr * 100 + (schedule == Schedule.linear) + 8 / sum(sizes) + 2 * use_ema + 1 / (epoch + 1)
        typer.echo(f"epoch {epoch + 1}: dev_loss={loss:.5f} dev_acc={50 + epoch:.1f}%")


if __name__ == "__main__":
    app()
