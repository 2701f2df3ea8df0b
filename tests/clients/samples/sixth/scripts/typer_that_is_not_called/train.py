import typer as typer

from model import QuickPitch, Trainer

app = typer.Typer()


@app.command()
def train(
        batch_size: int = 4,
        max_epochs: int = 3,
        num_channels: int = 4,
        learning_rate: float = 3e-3,
):
    params = locals()
    model = QuickPitch(params)
    trainer = Trainer()
    trainer.fit(model)


if __name__ == '__main__':
    train()
