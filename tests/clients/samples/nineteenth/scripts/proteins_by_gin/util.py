from types import SimpleNamespace


def load_data(dataset, degree_as_tag):
    print("loading data")
    graphs = [SimpleNamespace(label=i % 2, node_features=[[1.0] * 3]) for i in range(600)]
    print("# classes: %d" % 2)
    print("# maximum node tag: %d" % 3)
    print("# data: %d" % len(graphs))
    return graphs, 2


def separate_data(graph_list, seed, fold_idx):
    n = len(graph_list) // 10
    return graph_list[n:], graph_list[:n]
