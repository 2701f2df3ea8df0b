import argparse
import json
import logging
from pathlib import Path

from tqdm import tqdm

from evaluate import evaluate
from unet import UNet
from utils.data_loading import BasicDataset

dir_img = Path('./data/imgs/')
dir_mask = Path('./data/masks/')
dir_checkpoint = Path('./checkpoints/')


def train_model(
        model,
        device,
        epochs: int = 5,
        batch_size: int = 1,
        learning_rate: float = 1e-5,
        val_percent: float = 0.1,
        save_checkpoint: bool = True,
        img_scale: float = 0.5,
        amp: bool = False,
        weight_decay: float = 1e-8,
        momentum: float = 0.999,
):
    dataset = BasicDataset(dir_img, dir_mask, img_scale)
    n_val = int(len(dataset) * val_percent)
    n_train = len(dataset) - n_val

    logging.info(f'''Training with
        Epochs:         {epochs}
        Batch size:     {batch_size}
        Learning rate:  {learning_rate}
        Images:         {n_train} to train on, {n_val} to validate on
        Scale:          {img_scale}
        Device:         {device}
        AMP:            {amp}
    ''')

    global_step = 0
    for epoch in range(1, epochs + 1):
        with tqdm(total=n_train, desc=f'Epoch {epoch}/{epochs}', unit='img') as pbar:
            done = 0
            while done < n_train:
                n = min(batch_size, n_train - done)
                model.seen = epoch - 1 + (done + n) / n_train
                loss = model.loss(learning_rate, batch_size, weight_decay, momentum)
                done += n
                pbar.update(n)
                global_step += 1
                pbar.set_postfix(**{'loss (batch)': loss})

                # Twice an epoch
                division_step = max(1, n_train // (2 * batch_size))
                if global_step % division_step == 0:
                    val_score = evaluate(model, loss, max(1, n_val // batch_size), img_scale)
                    logging.info('Validation Dice score: {}'.format(val_score))

        if save_checkpoint:
            dir_checkpoint.mkdir(parents=True, exist_ok=True)
            with open(dir_checkpoint / 'checkpoint_epoch{}.json'.format(epoch), 'w') as f:
                json.dump({'seen': model.seen}, f)
            logging.info(f'Checkpoint {epoch} saved!')


def get_args():
    parser = argparse.ArgumentParser(description='A U-Net learns masks from images')
    parser.add_argument('--epochs', '-e', metavar='E', type=int, default=5, help='Number of epochs')
    parser.add_argument('--batch-size', '-b', dest='batch_size', metavar='B', type=int, default=1, help='Batch size')
    parser.add_argument('--learning-rate', '-l', metavar='LR', type=float, default=1e-5,
                        help='Learning rate', dest='lr')
    parser.add_argument('--load', '-f', type=str, default=False, help='Load model from a file')
    parser.add_argument('--scale', '-s', type=float, default=0.5, help='Images are made smaller by this')
    parser.add_argument('--validation', '-v', dest='val', type=float, default=10.0,
                        help='So many percent of the images are for validation')
    parser.add_argument('--amp', action='store_true', default=False, help='Use mixed precision')
    parser.add_argument('--bilinear', action='store_true', default=False, help='Use bilinear upsampling')
    parser.add_argument('--classes', '-c', type=int, default=2, help='Number of classes')

    return parser.parse_args()


if __name__ == '__main__':
    args = get_args()

    logging.basicConfig(level=logging.INFO, format='%(levelname)s: %(message)s')
    device = 'cpu'
    logging.info(f'Using device {device}')

    model = UNet(n_channels=3, n_classes=args.classes, bilinear=args.bilinear)
    logging.info(f'{model.n_channels} channels in, {model.n_classes} classes out, bilinear: {model.bilinear}')

    if args.load:
        with open(args.load) as f:
            model.seen = json.load(f)['seen']
        logging.info(f'Model loaded from {args.load}')

    train_model(
        model=model,
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.lr,
        device=device,
        img_scale=args.scale,
        val_percent=args.val / 100,
        amp=args.amp
    )
