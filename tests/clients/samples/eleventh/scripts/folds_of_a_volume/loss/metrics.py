def iou(dice):
    return dice / (2 - dice)
