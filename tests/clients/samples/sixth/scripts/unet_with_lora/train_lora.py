import argparse
import logging
from pathlib import Path

from tqdm import tqdm

dir_checkpoint_lora = Path('./checkpoints_lora/')


def train_model(
        epochs: int = 5,
        batch_size: int = 1,
        learning_rate: float = 1e-5,
        val_percent: float = 0.1,
        save_checkpoint: bool = True,
        img_scale: float = 0.5,
        amp: bool = False,
        weight_decay: float = 1e-8,
        using_lora=False
):
    n_val = int(40 * val_percent)
    n_train = 40 - n_val
    logging.info(f'''Starting training:
        Epochs:          {epochs}
        Batch size:      {batch_size}
        Learning rate:   {learning_rate}
        Training size:   {n_train}
        Validation size: {n_val}
        Checkpoints:     {save_checkpoint}
        Images scaling:  {img_scale}
        Mixed Precision: {amp}
    ''')
    global_step = 0
    for epoch in range(1, epochs + 1):
        with tqdm(total=n_train, desc=f'Epoch {epoch}/{epochs}', unit='img') as pbar:
            for i in range(0, n_train, 12):
                global_step += 1
                pbar.update(12)
                pbar.set_postfix(**{'loss (batch)': 0.5})
        val_score = 0.9 - abs(learning_rate * 10000 - 1) / 10 - 0.1 / batch_size - img_scale / 10 - 0.05 * amp - 0.1 / epoch
        val_score -= 0.01 * bool(using_lora)
        logging.info('Validation Dice score: {}'.format(val_score))
        if save_checkpoint:
            logging.info(f'Checkpoint {epoch} saved!')


def get_args():
    parser = argparse.ArgumentParser(description='Train the UNet on images and target masks')
    parser.add_argument('--epochs', '-e', metavar='E', type=int, default=2, help='Number of epochs')
    parser.add_argument('--batch-size', '-b', dest='batch_size', metavar='B', type=int, default=1, help='Batch size')
    parser.add_argument('--learning-rate', '-l', metavar='LR', type=float, default=1e-5,
                        help='Learning rate', dest='lr')
    parser.add_argument('--load', '-f', type=str, default=False, help='Load model from a .pth file')
    parser.add_argument('--scale', '-s', type=float, default=0.5, help='Downscaling factor of the images')
    parser.add_argument('--validation', '-v', dest='val', type=float, default=10.0,
                        help='Percent of the data that is used as validation (0-100)')
    parser.add_argument('--amp', action='store_true', default=False, help='Use mixed precision')
    parser.add_argument('--classes', '-c', type=int, default=2, help='Number of classes')
    parser.add_argument('--using_lora', '-lora', type=str, default=False, help='Use LoRA or not use LoRa?')

    return parser.parse_args()


if __name__ == '__main__':
    args = get_args()

    logging.basicConfig(level=logging.INFO, format='%(levelname)s: %(message)s')
    logging.info('Using device cpu')
    logging.info(f'Network:\n'
                 f'\t3 input channels\n'
                 f'\t{args.classes} output channels (classes)\n')
    train_model(
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.lr,
        img_scale=args.scale,
        val_percent=args.val / 100,
        amp=args.amp,
        using_lora=args.using_lora
    )
