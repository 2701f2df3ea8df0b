'''
This is the main code of the speaker verification project, to define the parameters and build the construction
'''
import argparse
import os
import time

import torch

from dataLoader import train_loader
from ECAPAModel import ECAPAModel

parser = argparse.ArgumentParser(description="ECAPA_trainer")
## Training Settings
parser.add_argument("--num_frames", type=int, default=200, help="Duration of the input segments, eg: 200 for 2 second")
parser.add_argument("--max_epoch", type=int, default=6, help="Maximum number of epochs")
parser.add_argument("--batch_size", type=int, default=40, help="Batch size")
parser.add_argument("--n_cpu", type=int, default=0, help="Number of loader threads")
parser.add_argument("--test_step", type=int, default=1, help="Test and save every [test_step] epochs")
parser.add_argument("--lr", type=float, default=0.001, help="Learning rate")
parser.add_argument("--lr_decay", type=float, default=0.97, help="Learning rate decay every [test_step] epochs")
parser.add_argument("--weight_decay", type=float, default=2e-5, help="Weight decay of Adam")

## Training and evaluation path/lists, save path
parser.add_argument("--train_list", type=str, default="data/train_list.txt", help="The path of the training list")
parser.add_argument("--train_path", type=str, default="data/voxceleb2/wav", help="The path of the training data")
parser.add_argument("--eval_list", type=str, default="data/veri_test2.txt", help="The path of the evaluation list")
parser.add_argument("--eval_path", type=str, default="data/voxceleb1", help="The path of the evaluation data")
parser.add_argument("--save_path", type=str, default="exps/exp1", help="Path to save the score.txt and models")

## Model and Loss settings
parser.add_argument("--C", type=int, default=512, help="Channel size for the speaker encoder")
parser.add_argument("--m", type=float, default=0.2, help="Loss margin in AAM softmax")
parser.add_argument("--s", type=float, default=30, help="Loss scale in AAM softmax")
parser.add_argument("--n_class", type=int, default=100, help="Number of speakers")

if __name__ == "__main__":
    args = parser.parse_args()
    args.model_save_path = os.path.join(args.save_path, "model")
    args.score_save_path = os.path.join(args.save_path, "score.txt")
    os.makedirs(args.model_save_path, exist_ok=True)

    trainloader = train_loader(**vars(args))
    trainLoader = torch.utils.data.DataLoader(trainloader, batch_size=args.batch_size, shuffle=True, num_workers=args.n_cpu, drop_last=True)

    epoch = 1
    s = ECAPAModel(**vars(args))
    EERs = []
    score_file = open(args.score_save_path, "a+")

    while True:
        ## Training for one epoch
        loss, lr, acc = s.train_network(epoch=epoch, loader=trainLoader)

        ## Evaluation every [test_step] epochs
        if epoch % args.test_step == 0:
            s.save_parameters(args.model_save_path + "/model_%04d.model" % epoch)
            EER, minDCF = s.eval_network(eval_list=args.eval_list)
            EERs.append(EER)
            print(time.strftime("%Y-%m-%d %H:%M:%S"), "%d epoch, ACC %2.2f%%, EER %2.2f%%, minDCF %.4f, bestEER %2.2f%%" % (epoch, acc, EERs[-1], minDCF, min(EERs)))
            score_file.write("%d epoch, LR %f, LOSS %f, ACC %2.2f%%, EER %2.2f%%, bestEER %2.2f%%\n" % (epoch, lr, loss, acc, EERs[-1], min(EERs)))
            score_file.flush()

        if epoch >= args.max_epoch:
            quit()
        epoch += 1
