import numpy as np


def dice_score(pred, target, smooth=1.0):
    pred, target = pred.reshape(len(pred), -1), target.reshape(len(target), -1)
    inter = (pred * target).sum(1)
    return (2.0 * inter + smooth) / (pred.sum(1) + target.sum(1) + smooth)


def dice_loss(pred, target):
    return 1.0 - float(np.mean(dice_score(pred, target)))
