from torch import nn


class Adapter(nn.Module):
    """A bottleneck behind a layer: down, ReLU, up, and the input again."""

    def __init__(self, size, bottleneck, dropout):
        super().__init__()
        self.down = nn.Linear(size, bottleneck)
        self.drop = nn.Dropout(dropout)
        self.up = nn.Linear(bottleneck, size)

    def forward(self, x):
        return x + self.up(self.drop(self.down(x).relu()))


def add_adapters(model, bottleneck, dropout, size=768, layers=12):
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.adapters = [Adapter(size, bottleneck, dropout) for _ in range(layers)]
    return 2 * layers * size * bottleneck
