from torch import nn


class Model(nn.Module):
    """Patches of the series, mixed by linear layers."""

    def __init__(self, configs):
        super().__init__()
        self.embed = nn.Linear(configs.patch_len, configs.d_model)
        self.layers = [nn.Linear(configs.d_model, configs.d_model) for _ in range(configs.e_layers)]
        self.dropout = nn.Dropout(configs.dropout)
        self.head = nn.Linear(configs.d_model, configs.pred_len)

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = self.dropout(layer(x))
        return self.head(x)
