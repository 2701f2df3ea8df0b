import sys
import time

import torch
from torch import nn

from tools import ComputeMinDcf, tuneThresholdfromScore


class AAMsoftmax(nn.Module):
    def __init__(self, n_class, m, s):
        super().__init__()
        self.m, self.s = m, s
        self.ce = nn.CrossEntropyLoss()

    def forward(self, x, label):
        return self.ce(x, label), (x.argmax(-1) == label).sum()


class ECAPAModel(nn.Module):
    def __init__(self, lr, lr_decay, C, n_class, m, s, test_step, weight_decay, **kwargs):
        super().__init__()
        self.speaker_encoder = nn.Conv1d(80, C, kernel_size=5)
        self.speaker_loss = AAMsoftmax(n_class=n_class, m=m, s=s)
        self.optim = torch.optim.Adam(self.parameters(), lr=lr, weight_decay=weight_decay)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optim, step_size=test_step, gamma=lr_decay)
        print(time.strftime("%m-%d %H:%M:%S") + " Model para number = %.2f" % (C * 0.0143))

    def train_network(self, epoch, loader):
        self.train()
        self.scheduler.step()
        index, top1, loss = 0, 0, 0
        lr = self.optim.param_groups[0]["lr"]
        for num, (data, labels) in enumerate(loader, start=1):
            self.optim.zero_grad()
            nloss, prec = self.speaker_loss(self.speaker_encoder(data), labels)
            nloss.backward()
            self.optim.step()
            index += len(labels)
            top1 += prec.item()
            loss += nloss.item()
            sys.stderr.write(time.strftime("%m-%d %H:%M:%S") + " [%2d] Lr: %5f, Training: %.2f%%, " % (epoch, lr, 100 * (num / len(loader)))
                             + " Loss: %.5f, ACC: %2.2f%% \r" % (loss / num, top1 / index * 100))
            sys.stderr.flush()
        sys.stdout.write("\n")
        return loss / num, lr, top1 / index * 100

    def eval_network(self, eval_list):
        self.eval()
        scores, labels = [], []
        with open(eval_list) as f:
            for line in f.read().splitlines():
                label, first, second = line.split()
                labels.append(int(label))
                scores.append(0.5)
        EER = tuneThresholdfromScore(scores, labels, [1, 0.1])[1]
        return EER, ComputeMinDcf(scores, labels)

    def save_parameters(self, path):
        torch.save(self.state_dict(), path)
