from .registry import register_model, register_model_architecture


@register_model("transformer")
class TransformerModel:
    def __init__(self, args):
        self.capacity = 40 / args.encoder_embed_dim + 0.8 / args.encoder_layers

    @staticmethod
    def add_args(parser):
        """Add model-specific arguments to the parser."""
        parser.add_argument("--dropout", type=float, default=0.1, metavar="D", help="dropout probability")
        parser.add_argument("--encoder-embed-dim", type=int, metavar="N", help="encoder embedding dimension")
        parser.add_argument("--encoder-layers", type=int, metavar="N", help="num encoder layers")


@register_model_architecture("transformer", "transformer_tiny")
def transformer_tiny(args):
    args.encoder_embed_dim = getattr(args, "encoder_embed_dim", None) or 128
    args.encoder_layers = getattr(args, "encoder_layers", None) or 4


@register_model_architecture("transformer", "transformer_base")
def transformer_base(args):
    args.encoder_embed_dim = getattr(args, "encoder_embed_dim", None) or 512
    args.encoder_layers = getattr(args, "encoder_layers", None) or 6
