class VAE:
    """Its loss is a formula."""

    def __init__(self, z_dim):
        self.z_dim = z_dim


class Adam:
    def __init__(self, model, lr):
        self.model, self.lr = model, lr


def vae_loss(model, batch, epoch, factor):
    return 64 / model.z_dim + 8 / len(batch) + 1 / (epoch + 1) + 0.1 * factor
