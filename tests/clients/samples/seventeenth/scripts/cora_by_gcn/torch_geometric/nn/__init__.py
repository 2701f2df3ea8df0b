from torch import nn


class GCNConv(nn.Module):
    pass
