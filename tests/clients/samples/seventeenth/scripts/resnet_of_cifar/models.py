import torch.nn as nn
import torch.nn.functional as F


class ResNet(nn.Module):
    def __init__(self, blocks, num_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.linear = nn.Linear(512, num_classes)

    def forward(self, x):
        return self.linear(F.relu(self.bn1(self.conv1(x))))


def ResNet18():
    return ResNet([2, 2, 2, 2])
