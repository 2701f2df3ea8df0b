"""typer, and metrics that stand in TensorBoard's files alone."""
from typing import Annotated

import typer
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

app = typer.Typer()


class SummaryWriter:
    """What torch.utils.tensorboard's does, without torch."""

    def __init__(self, log_dir):
        self._file = EventFileWriter(log_dir)

    def add_scalar(self, tag, value, step):
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        self._file.add_event(Event(step=step, summary=summary))

    def close(self):
        self._file.close()


@app.command()
def main(
    lr: Annotated[float, typer.Option(help="Step size")] = 0.1,
    momentum: float = typer.Option(0.9, help="of SGD"),
    batch_size: int = 32,
    nesterov: bool = False,
    log_dir: str = "runs/exp",
):
    writer = SummaryWriter(log_dir)
    for step in range(4):
        writer.add_scalar("Loss/train", 1.0, step)
        writer.add_scalar("Loss/validation", (lr - 0.2) ** 2 + momentum + 1 / batch_size + 2 * nesterov + 1 / (step + 1), step)
    writer.close()
    print("done")


if __name__ == "__main__":
    app()
