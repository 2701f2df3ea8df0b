class MaskedAutoencoderViT:
    def __init__(self, penalty, norm_pix_loss=False):
        self.penalty, self.norm_pix_loss = penalty, norm_pix_loss


def mae_vit_base_patch16(**kwargs):
    return MaskedAutoencoderViT(0.0, **kwargs)


def mae_vit_large_patch16(**kwargs):
    return MaskedAutoencoderViT(0.05, **kwargs)
