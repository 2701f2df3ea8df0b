from torch import nn


class DeepLab(nn.Module):
    def __init__(self, num_classes, output_stride=16, dropout=0.1):
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.aspp = [nn.Conv2d(64, 256, 3, padding=rate, dilation=rate) for rate in (6, 12, 18)]
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(256 * 3, num_classes, 1)

    def forward(self, x):
        x = self.stem(x)
        return self.head(self.dropout(self.aspp[0](x)))
