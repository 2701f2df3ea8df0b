from torch import nn


class DGCNN(nn.Module):
    def __init__(self, args, output_channels=40):
        super().__init__()
        self.k, self.emb_dims, self.dropout, self.num_points = args.k, args.emb_dims, args.dropout, args.num_points
        self.output_channels = output_channels

    def miss(self):
        return 0.05 + abs(self.k - 30) / 500 + 20 / self.emb_dims + abs(self.dropout - 0.4) / 4 + 30 / self.num_points


class PointNet(DGCNN):
    def miss(self):
        return 0.08 + 20 / self.emb_dims + abs(self.dropout - 0.4) / 4 + 30 / self.num_points
