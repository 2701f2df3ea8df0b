from .registry import register_criterion


@register_criterion("cross_entropy")
class CrossEntropyCriterion:
    smoothing = 0.0

    def __init__(self, args):
        pass

    @staticmethod
    def add_args(parser):
        pass


@register_criterion("label_smoothed_cross_entropy")
class LabelSmoothedCrossEntropyCriterion(CrossEntropyCriterion):
    def __init__(self, args):
        self.smoothing = args.label_smoothing

    @staticmethod
    def add_args(parser):
        """Add criterion-specific arguments to the parser."""
        parser.add_argument("--label-smoothing", default=0.1, type=float, metavar="D",
                            help="epsilon for label smoothing, 0 means no label smoothing")
