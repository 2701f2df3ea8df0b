import math


class SequenceClassifier:
    """A pretrained encoder with a new head, reduced to how good it gets."""

    def __init__(self, name, group_element, hier_tuning):
        self.name = name
        self.group_element = group_element
        self.hier_tuning = hier_tuning
        self.share = 0.0

    def quality(self, args):
        top = 0.90 - 0.05 * abs(math.log10(args.learning_rate) + 4.5) - 0.1 * abs(args.weight_decay - 0.1)
        top -= 0.4 * abs(args.warmup_ratio - 0.06) + abs(args.per_device_train_batch_size - 16) / 1000
        top -= 0.06 / args.num_train_epochs
        if self.hier_tuning:
            top -= 0.002 * abs(self.group_element - 3)
        return 0.6 + (top - 0.6) * self.share
