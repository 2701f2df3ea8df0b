"""A small stand-in for torch_geometric."""
