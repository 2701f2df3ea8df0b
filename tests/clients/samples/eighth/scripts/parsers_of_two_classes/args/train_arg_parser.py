"""
Arguments for training.
Inherits BaseArgParser.
"""

from args.base_arg_parser import BaseArgParser


class TrainArgParser(BaseArgParser):
    """
    Class which implements an argument parser for args used only in train mode.
    It inherits BaseArgParser.
    """

    def __init__(self):
        super(TrainArgParser, self).__init__()
        self.isTrain = True

        self.parser.add_argument('--num_epochs', type=int, default=3, help='Number of epochs to train.')
        self.parser.add_argument(
            '--lr', type=float, default=5e-4, help='Learning rate.')
        self.parser.add_argument(
            '--decay_after', type=float, default=1e4, help='Learning rate.')
        self.parser.add_argument('--sgd_momentum', type=float, default=0.9, help='SGD momentum (SGD only).')
        self.parser.add_argument('--metric_name', type=str, default='val_AUROC',
                                 choices=('val_loss', 'val_AUROC'), help='Metric to choose the best checkpoint.')
