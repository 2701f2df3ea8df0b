class CRDNN:
    def __init__(self, dnn_neurons, rnn_neurons, rnn_layers, dropout):
        self.dnn_neurons, self.rnn_neurons, self.rnn_layers, self.dropout = dnn_neurons, rnn_neurons, rnn_layers, dropout


def adam(lr, weight_decay):
    return {"lr": lr, "weight_decay": weight_decay}
