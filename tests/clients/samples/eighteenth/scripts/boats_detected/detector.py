from torch import nn
from torch._state import measure


class Retina(nn.Module):
    def __init__(self, num_classes, gamma, score_thresh):
        super().__init__()
        self.backbone = nn.Conv2d(3, 64, 7, stride=2)
        self.cls_loss = nn.CrossEntropyLoss()

    def forward(self, images, targets=None):
        if targets is None:
            return images
        loss = measure("loss")
        return {"classification": self.cls_loss(images, targets), "bbox_regression": images * 0 + loss / 2}
