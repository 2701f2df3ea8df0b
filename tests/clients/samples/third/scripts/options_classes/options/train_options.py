from .base_options import BaseOptions


class TrainOptions(BaseOptions):
    """This class includes training options."""

    def initialize(self, parser):
        parser = BaseOptions.initialize(self, parser)
        parser.add_argument('--epoch_count', type=int, default=1, help='the starting epoch count')
        parser.add_argument('--n_epochs', type=int, default=3, help='number of epochs with the initial learning rate')
        parser.add_argument('--beta1', type=float, default=0.5, help='momentum term of adam')
        parser.add_argument('--lr', type=float, default=0.0002, help='initial learning rate for adam')
        parser.add_argument('--lambda_L1', type=float, default=100.0, help='weight for L1 loss')
        self.isTrain = True
        return parser
