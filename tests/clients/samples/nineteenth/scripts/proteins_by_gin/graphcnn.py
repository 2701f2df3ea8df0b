from torch import nn
from torch._state import STATE, Tensor


class GraphCNN(nn.Module):
    def __init__(self, num_layers, num_mlp_layers, input_dim, hidden_dim, output_dim, final_dropout, learn_eps,
                 graph_pooling_type, neighbor_pooling_type, device):
        super(GraphCNN, self).__init__()
        STATE.net = num_layers, num_mlp_layers, hidden_dim, final_dropout
        self.mlps = [nn.Linear(input_dim, hidden_dim) for _ in range(num_layers - 1)]
        self.linears_prediction = nn.Linear(hidden_dim, output_dim)

    def forward(self, batch_graph):
        if STATE.training:
            STATE.batch = len(batch_graph)
        return Tensor(0.0, len(batch_graph))
