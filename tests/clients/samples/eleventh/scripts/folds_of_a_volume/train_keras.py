import os

import argparse
import numpy as np

from dataset.dataset import get_T1_dataset
from models.unet import Unet
from loss.metrics import iou


def parse_args():
    parser = argparse.ArgumentParser(description='train')
    # config
    parser.add_argument('-d', '--data-path', default='data/iseg2019_training.h5', type=str)
    parser.add_argument('-t', '--target-path', default='output-1', type=str)
    parser.add_argument('-g', '--gpu', default='0', type=str)
    # Train Setting
    parser.add_argument('--batch-size', type=int, default=8, metavar='N',
                        help='input batch size for training (default: 8)')
    parser.add_argument('--epochs', type=int, default=4, metavar='N',
                        help='number of epochs to train (default: 4)')
    parser.add_argument('--lr', type=float, default=0.0001, metavar='LR',
                        help='learning rate (default: 0.0001)')

    args = parser.parse_args()

    return args


def train(fold, train_case_indexes, val_case_indexes, args):
    log_dir = os.path.join(args.target_path, 'fold_' + str(fold) + '/')
    if not os.path.isdir(log_dir):
        os.mkdir(log_dir)

    model = Unet(n_class=4)
    model.compile(learning_rate=args.lr)

    train_dataset = get_T1_dataset(data_path=args.data_path, case_indexes=train_case_indexes, batch_size=args.batch_size)
    val_dataset = get_T1_dataset(data_path=args.data_path, case_indexes=val_case_indexes, batch_size=args.batch_size)

    history = model.fit(train_dataset,
                        validation_data=val_dataset,
                        steps_per_epoch=840//args.batch_size,
                        validation_steps=210//args.batch_size,
                        epochs=args.epochs).history

    model.save_weights(os.path.join(log_dir, 'final_weights.h5'))
    dices = [history['val_dice_%d' % i][-1] for i in (1, 2, 3)]
    return history['val_loss'][-1], [iou(one) for one in dices], dices


if __name__ == '__main__':
    args = parse_args()
    if not os.path.isdir(args.target_path):
        os.mkdir(args.target_path)
    os.environ["CUDA_VISIBLE_DEVICES"] = args.gpu
    cases_indexes = [i for i in range(10)]

    loss_f, iou_1_f, iou_2_f, iou_3_f, dice_1_f, dice_2_f, dice_3_f = [], [], [], [], [], [], []

    for fold in range(5):
        val_patient_indexes = cases_indexes[2 * fold:2 * fold + 2]
        train_patient_indexes = [i for i in cases_indexes if i not in val_patient_indexes]
        record_loss, record_iou, record_dice = train(fold, train_patient_indexes, val_patient_indexes, args)
        loss_f.append(record_loss)
        iou_1_f.append(record_iou[0])
        iou_2_f.append(record_iou[1])
        iou_3_f.append(record_iou[2])
        dice_1_f.append(record_dice[0])
        dice_2_f.append(record_dice[1])
        dice_3_f.append(record_dice[2])

    templete = 'Loss: {}, IoU_1: {}, IoU_2: {}, IoU_3: {}, Dice_1: {}, Dice_2: {}, Dice_3: {} '
    print(templete.format(np.round(np.mean(loss_f), 5),
                          np.round(np.mean(iou_1_f), 5),
                          np.round(np.mean(iou_2_f), 5),
                          np.round(np.mean(iou_3_f), 5),
                          np.round(np.mean(dice_1_f), 5),
                          np.round(np.mean(dice_2_f), 5),
                          np.round(np.mean(dice_3_f), 5)))
