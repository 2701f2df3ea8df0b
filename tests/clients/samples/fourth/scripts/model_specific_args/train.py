from argparse import ArgumentParser

from lit_model import LitModel, Trainer


def cli_main():
    # args
    parser = ArgumentParser()
    parser.add_argument("--batch_size", default=32, type=int)
    parser.add_argument("--max_epochs", default=3, type=int)
    parser = LitModel.add_model_specific_args(parser)
    args = parser.parse_args()

    model = LitModel(**vars(args))
    trainer = Trainer(max_epochs=args.max_epochs)
    trainer.fit(model)


if __name__ == "__main__":
    cli_main()
