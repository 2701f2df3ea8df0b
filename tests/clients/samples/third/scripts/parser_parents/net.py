from argparse import ArgumentParser


class Net:
    def __init__(self, args):
        self.args = args

    @staticmethod
    def add_model_specific_args(parent_parser):
        parser = ArgumentParser(parents=[parent_parser], add_help=False)
        group = parser.add_argument_group("Net")
        group.add_argument("--encoder_layers", type=int, default=12)
        group.add_argument("--dropout", type=float, default=0.1)
        group.add_argument("--tied", type=lambda s: s.lower() in ("true", "1"), default=True)
        return parser
