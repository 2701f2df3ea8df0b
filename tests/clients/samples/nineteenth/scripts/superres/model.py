import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, upscale_factor, features=64):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, features, (5, 5), padding=(2, 2), features=features)
        self.conv2 = nn.Conv2d(features, 32, (3, 3), padding=(1, 1), features=features)
        self.conv3 = nn.Conv2d(32, upscale_factor**2, (3, 3), padding=(1, 1), features=features)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return F.pixel_shuffle(self.conv3(x), 2)
