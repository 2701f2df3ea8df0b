# coding:utf8
import warnings


class DefaultConfig(object):
    model = 'GCN'  # name of the model, as in models.py: GCN or GAT

    data_root = './data/cora/'
    load_model_path = None  # path of a trained model, None: start anew

    batch_size = 64
    use_gpu = False
    num_workers = 0

    max_epoch = 8
    lr = 0.005  # initial learning rate
    lr_decay = 0.95  # lr = lr * lr_decay after every epoch
    weight_decay = 5e-4

    nhid = 16  # number of hidden units
    nheads = 8  # number of attention heads (GAT)
    alpha = 0.2  # slope of leaky_relu (GAT)
    dropout = 0.5

    def _parse(self, kwargs):
        """Take options from a call"""
        for k, v in kwargs.items():
            if not hasattr(self, k):
                warnings.warn("there is no option %s" % k)
            setattr(self, k, v)

        print('options:')
        for k, v in self.__class__.__dict__.items():
            if not k.startswith('_'):
                print(k, getattr(self, k))


opt = DefaultConfig()
