import argparse
import math
import random
import shutil
import sys

models = {"bmshj2018-factorized": 8.0, "bmshj2018-hyperprior": 6.0, "mbt2018-mean": 5.0}


class RateDistortionLoss:
    """Custom rate distortion loss with a Lagrangian parameter."""

    def __init__(self, lmbda=1e-2):
        self.lmbda = lmbda

    def __call__(self, output):
        out = {}
        out["bpp_loss"] = output["bits"] / 16
        out["mse_loss"] = output["error"] / 100
        out["loss"] = self.lmbda * 255 ** 2 * out["mse_loss"] / 10 + out["bpp_loss"]
        return out


class AverageMeter:
    """Compute running average."""

    def __init__(self):
        self.val = 0
        self.avg = 0
        self.sum = 0
        self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count


def forward(args, epoch):
    error = abs(args.learning_rate * 10000 - 2) + 8 / args.batch_size + 64 / sum(args.patch_size) + 1 / (epoch + 1)
    bits = models[args.model] + abs(float(args.aux_learning_rate) * 1000 - 2) + args.clip_max_norm
    return {"error": error, "bits": bits}


def train_one_epoch(model, criterion, train_dataloader, epoch, args):
    for i, d in enumerate(train_dataloader):
        out_criterion = criterion(forward(args, epoch))
        aux_loss = 10 / (epoch + 1)

        if i % 10 == 0:
            print(
                f"Train epoch {epoch}: ["
                f"{i*args.batch_size}/{len(train_dataloader)*args.batch_size}"
                f" ({100. * i / len(train_dataloader):.0f}%)]"
                f'\tLoss: {out_criterion["loss"] - 0.1:.3f} |'
                f'\tMSE loss: {out_criterion["mse_loss"]:.3f} |'
                f'\tBpp loss: {out_criterion["bpp_loss"]:.2f} |'
                f"\tAux loss: {aux_loss:.2f}"
            )


def test_epoch(epoch, test_dataloader, model, criterion, args):
    loss = AverageMeter()
    bpp_loss = AverageMeter()
    mse_loss = AverageMeter()
    aux_loss = AverageMeter()

    for d in test_dataloader:
        out_criterion = criterion(forward(args, epoch))

        aux_loss.update(10 / (epoch + 1))
        bpp_loss.update(out_criterion["bpp_loss"])
        loss.update(out_criterion["loss"])
        mse_loss.update(out_criterion["mse_loss"])

    print(
        f"Test epoch {epoch}: Average losses:"
        f"\tLoss: {loss.avg:.3f} |"
        f"\tMSE loss: {mse_loss.avg:.3f} |"
        f"\tBpp loss: {bpp_loss.avg:.2f} |"
        f"\tAux loss: {aux_loss.avg:.2f}\n"
    )

    return loss.avg


def save_checkpoint(state, is_best, filename="checkpoint.pth.tar"):
    with open(filename, "w") as f:
        f.write(str(state))
    if is_best:
        shutil.copyfile(filename, "checkpoint_best_loss.pth.tar")


def parse_args(argv):
    parser = argparse.ArgumentParser(description="Example training script.")
    parser.add_argument(
        "-m",
        "--model",
        default="bmshj2018-factorized",
        choices=models.keys(),
        help="Model architecture (default: %(default)s)",
    )
    parser.add_argument(
        "-d_raw", "--dataset_raw", type=str, default="data/raw", help="Training raw dataset"
    )
    parser.add_argument(
        "-d_srgb", "--dataset_srgb", type=str, default="data/srgb", help="Training sRGB dataset"
    )
    parser.add_argument(
        "-e",
        "--epochs",
        default=4,
        type=int,
        help="Number of epochs (default: %(default)s)",
    )
    parser.add_argument(
        "-lr",
        "--learning-rate",
        default=1e-4,
        type=float,
        help="Learning rate (default: %(default)s)",
    )
    parser.add_argument(
        "-n",
        "--num-workers",
        type=int,
        default=4,
        help="Dataloaders threads (default: %(default)s)",
    )
    parser.add_argument(
        "--lambda",
        dest="lmbda",
        type=float,
        default=1e-2,
        help="Bit-rate distortion parameter (default: %(default)s)",
    )
    parser.add_argument(
        "--batch-size", type=int, default=16, help="Batch size (default: %(default)s)"
    )
    parser.add_argument(
        "--test-batch-size",
        type=int,
        default=64,
        help="Test batch size (default: %(default)s)",
    )
    parser.add_argument(
        "--aux-learning-rate",
        default=1e-3,
        help="Auxiliary loss learning rate (default: %(default)s)",
    )
    parser.add_argument(
        "--patch-size",
        type=int,
        nargs=2,
        default=(128, 128),
        help="Size of the patches to be cropped (default: %(default)s)",
    )
    parser.add_argument("--cuda", action="store_true", help="Use cuda")
    parser.add_argument(
        "--save", action="store_true", default=True, help="Save model to disk"
    )
    parser.add_argument(
        "--seed", type=float, help="Set random seed for reproducibility"
    )
    parser.add_argument(
        "--clip_max_norm",
        default=1.0,
        type=float,
        help="gradient clipping max norm (default: %(default)s",
    )
    parser.add_argument("--checkpoint", type=str, help="Path to a checkpoint")
    args = parser.parse_args(argv)
    return args


def main(argv):
    args = parse_args(argv)

    if args.seed is not None:
        random.seed(args.seed)

    train_dataloader = range(math.ceil(320 / args.batch_size))
    test_dataloader = range(math.ceil(128 / args.test_batch_size))

    net = models[args.model]
    criterion = RateDistortionLoss(lmbda=args.lmbda)

    last_epoch = 0
    if args.checkpoint:  # load from previous checkpoint
        print("Loading", args.checkpoint)

    best_loss = float("inf")
    for epoch in range(last_epoch, args.epochs):
        print(f"Learning rate: {args.learning_rate}")
        train_one_epoch(net, criterion, train_dataloader, epoch, args)
        loss = test_epoch(epoch, test_dataloader, net, criterion, args)

        is_best = loss < best_loss
        best_loss = min(loss, best_loss)

        if args.save:
            save_checkpoint(
                {
                    "epoch": epoch,
                    "loss": loss,
                },
                is_best,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
