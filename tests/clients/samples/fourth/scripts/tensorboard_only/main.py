import argparse
import os

from torch.utils.tensorboard import SummaryWriter


def main(opt):
    writer = SummaryWriter(log_dir=os.path.join(opt.save_path, "logs"))
    for epoch in range(opt.num_epochs):
        loss = abs(opt.lr * 100 - 1) + opt.alpha / 10 + 8 / opt.batch_size + 2 * opt.augment + 1 / (epoch + 1)
        writer.add_scalar("Train/Total_loss", loss + 1, epoch)
        writer.add_scalar("Test/Total_loss", loss, epoch)
        writer.add_scalars("Learning", {"rate": opt.lr}, epoch)
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser("Detector trained on VOC")
    parser.add_argument("--batch_size", type=int, default=16, help="The number of images per batch")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--alpha", type=float, default=0.25)
    parser.add_argument("--augment", type=lambda x: x.lower() in ("true", "1", "yes"), default=True)
    parser.add_argument("--num_epochs", type=int, default=3)
    parser.add_argument("--save_path", type=str, default="trained_models")
    main(parser.parse_args())
