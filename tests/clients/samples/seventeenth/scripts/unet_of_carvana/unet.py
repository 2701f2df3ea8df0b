import torch.nn as nn


class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False):
        super().__init__()
        self.n_channels, self.n_classes, self.bilinear = n_channels, n_classes, bilinear
        self.inc = nn.Conv2d(n_channels, 64, 3)
        self.outc = nn.Conv2d(64, n_classes, 1)

    def forward(self, x):
        return self.outc(self.inc(x))
