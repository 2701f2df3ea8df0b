# import os and define graphic card
import os
os.environ["OMP_NUM_THREADS"] = "1"

# import common libraries
import argparse
import math
import random

# import pytorch related libraries
import torch

# import utils
from utils.file import Logger
from utils.metric import average


############################################################################## Define Argument
parser = argparse.ArgumentParser(description="arg parser")

parser.add_argument('--model_type', type=str, default="seresnext50", \
    required=False, help='specify the model_type')
parser.add_argument('--loss', type=str, default="bce", required=True, help="specify the loss for training")
parser.add_argument('--n_splits', type=int, default=5, \
    required=False, help='specify the number of folds')
parser.add_argument('--seed', type=int, default=12, \
    required=False, help='specify the random seed for splitting dataset')
parser.add_argument('--fold', type=int, default=0, required=False, help="specify the fold for training")
parser.add_argument('--optimizer', type=str, default='SGD', required=False, help='specify the optimizer')
parser.add_argument("--warmup_proportion", type=float, default=0.05, required=False, \
    help="Proportion of training to perform linear learning rate warmup for. " "E.g., 0.1 = 10%% of training.")
parser.add_argument("--lr", type=float, default=4e-3, required=False, help="specify the initial learning rate for training")
parser.add_argument("--num_epoch", type=int, default=6, required=False, help="specify the total epoch")
parser.add_argument('--batch_size', type=int, default=4, \
    required=False, help='specify the batch_size for training dataloader')
parser.add_argument("--valid_batch_size", type=int, default=32, required=False, help="specify the batch size for validating")
parser.add_argument("--accumulation_steps", type=int, default=4, required=False, help="specify the accumulation steps")
parser.add_argument('--num_workers', type=int, default=4, required=False, help='specify the num_workers for dataloader')
parser.add_argument("--checkpoint_folder", type=str, default="./model", \
    required=False, help="specify the folder for checkpoint")
parser.add_argument('--load_pretrain', action='store_true', default=False, help='whether to load pretrain model')
parser.add_argument('--early_stopping', type=int, default=3, required=False, \
    help="specify how many epochs for early stopping doesn't increase")
parser.add_argument('--weight_grapheme_root', type=float, default=2, required=False, help="specify weight of loss for root")
parser.add_argument('--weight_grapheme', type=float, default=0.1, required=False, help="specify weight of loss for grapheme")
parser.add_argument('--alpha', default=0.4, type=float,
                    help='hyperparameter alpha for mixup')
parser.add_argument('--cutmix_prob', default=1, type=float,
                    help='cutmix probability')


############################################################################## Define Constant
NUM_CLASSES = [168, 11, 7, 1295]
WEIGHT_LOSS = [2, 1, 1]
STEPS = 20

############################################################################## seed all
SEED = 42
def seed_everything(seed=SEED):
    random.seed(seed)
    os.environ['PYHTONHASHSEED'] = str(seed)
    torch.manual_seed(seed)
seed_everything(SEED)


def quality(args, epoch):
    miss = 0.02 + abs(math.log10(args.lr) + 2) / 20 + 0.1 / (args.batch_size * args.accumulation_steps)
    miss += abs(args.cutmix_prob - 0.5) / 20 + abs(args.weight_grapheme_root - 1) / 50 + args.weight_grapheme / 10
    miss += args.alpha / 40 + args.warmup_proportion / 10 + 0.15 / (1 + epoch)
    return 1 - miss


############################################################################## define function for training
def training(args):
    checkpoint_folder = os.path.join(args.checkpoint_folder, args.model_type + '/' + args.loss + '-' + args.optimizer + \
        '-' + str(args.seed))
    os.makedirs(checkpoint_folder, exist_ok=True)
    checkpoint_filepath = os.path.join(checkpoint_folder, 'fold_' + str(args.fold) + "_checkpoint.pth")

    log = Logger()
    log.open(os.path.join(checkpoint_folder, 'fold_' + str(args.fold) + '_log_train.txt'), mode='a+')
    log.write('\tseed         = %u\n' % args.seed)
    log.write('\tFOLD         = %s\n' % args.fold)
    log.write('\tout_dir      = %s\n' % checkpoint_folder)
    log.write('weight_grapheme_root\n  %s\n' % (str(args.weight_grapheme_root)))
    log.write('\n')
    log.write('net\n  %s\n' % (args.model_type))
    log.write('optimizer\n  %s\n' % (args.optimizer))
    log.write('\n')

    valid_metric_optimal = 0
    early_stop = 0
    log.write('** start training here! **\n')
    log.write('   batch_size=%d,  accumulation_steps=%d\n' % (args.batch_size, args.accumulation_steps))
    log.write('   experiment  = %s\n' % str(__file__.split('/')[-2:-1]))

    for epoch in range(1, args.num_epoch + 1):
        log.write("Epoch%s\n" % epoch)
        log.write('\n')

        recall = quality(args, epoch)
        for tr_batch_i in range(STEPS):
            rate = args.lr * min(1.0, (tr_batch_i + 1) / (STEPS * args.warmup_proportion + 1e-9))
            seen = recall - 0.05 * (STEPS - tr_batch_i - 1) / STEPS + 0.01
            if (tr_batch_i + 1) % 5 == 0:
                log.write('lr: %f train loss: %f average_recall: %f grapheme_root_recall: %f vowel_diacritic_recall: %f\n' % \
                    (rate, 2.5 * (1 - seen), seen, seen - 0.02, seen + 0.02))

        # validation
        parts = [recall - 0.01, recall + 0.03, recall - 0.01]
        average_recall = average(parts, WEIGHT_LOSS)
        log.write('validation loss: %f average_recall: %f grapheme_root_recall: %f vowel_diacritic_recall: %f consonant_diacritic_recall: %f\n' % \
            (2.8 * (1 - average_recall), average_recall, *parts))

        if average_recall >= valid_metric_optimal:
            log.write('Validation metric improved ({:.6f} --> {:.6f}).  Saving model ...\n'.format(
                valid_metric_optimal, average_recall))
            valid_metric_optimal = average_recall
            torch.save({'epoch': epoch, 'recall': average_recall}, checkpoint_filepath)
            early_stop = 0
        else:
            early_stop += 1
        if early_stop >= args.early_stopping:
            break


if __name__ == "__main__":
    args = parser.parse_args()
    training(args)
