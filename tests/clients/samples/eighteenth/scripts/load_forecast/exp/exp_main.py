import os
import time

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset

from models import PatchMixer
from utils.metrics import metric
from utils.tools import EarlyStopping


class Series(Dataset):
    def __init__(self, path, flag, seq_len, pred_len):
        with open(path) as f:
            values = [float(line.split(",")[-1]) for line in f.read().splitlines()[1:]]
        borders = {"train": (0, 400), "val": (400, 500), "test": (500, 600)}[flag]
        self.values, self.seq_len, self.pred_len = values[slice(*borders)], seq_len, pred_len

    def __len__(self):
        return max(32, len(self.values) - self.seq_len - self.pred_len + 1)

    def __getitem__(self, i):
        return self.values[i : i + self.seq_len], self.values[i + self.seq_len : i + self.seq_len + self.pred_len]


class Exp_Main:
    def __init__(self, args):
        self.args = args
        self.device = torch.device("cuda:0" if args.use_gpu and torch.cuda.is_available() else "cpu")
        print("Use GPU: cuda:0" if str(self.device) != "cpu" else "Use CPU")
        self.model = PatchMixer.Model(args).to(self.device)

    def _get_data(self, flag):
        data = Series(os.path.join(self.args.root_path, self.args.data + ".csv"), flag, self.args.seq_len, self.args.pred_len)
        print(flag, len(data))
        return DataLoader(data, batch_size=self.args.batch_size, shuffle=flag == "train", num_workers=self.args.num_workers)

    def vali(self, loader, criterion):
        self.model.eval()
        with torch.no_grad():
            losses = [criterion(self.model(x), y).item() for x, y in loader]
        self.model.train()
        return sum(losses) / len(losses)

    def train(self, setting):
        train_loader, vali_loader, test_loader = self._get_data("train"), self._get_data("val"), self._get_data("test")
        path = os.path.join(self.args.checkpoints, setting)
        os.makedirs(path, exist_ok=True)
        early_stopping = EarlyStopping(patience=self.args.patience)
        model_optim = optim.Adam(self.model.parameters(), lr=self.args.learning_rate)
        criterion = nn.MSELoss()
        for epoch in range(self.args.train_epochs):
            train_loss, epoch_time = [], time.time()
            self.model.train()
            for i, (batch_x, batch_y) in enumerate(train_loader):
                model_optim.zero_grad()
                loss = criterion(self.model(batch_x.to(self.device)), batch_y.to(self.device))
                train_loss.append(loss.item())
                if (i + 1) % 10 == 0:
                    print("\titers: {0}, epoch: {1} | loss: {2:.7f}".format(i + 1, epoch + 1, loss.item()))
                loss.backward()
                model_optim.step()
            print("Epoch: {} cost time: {}".format(epoch + 1, time.time() - epoch_time))
            train_loss = sum(train_loss) / len(train_loss)
            vali_loss = self.vali(vali_loader, criterion)
            test_loss = self.vali(test_loader, criterion)
            print("Epoch: {0}, Steps: {1} | Train Loss: {2:.7f} Vali Loss: {3:.7f} Test Loss: {4:.7f}".format(
                epoch + 1, len(train_loader), train_loss, vali_loss, test_loss))
            early_stopping(vali_loss, self.model, path)
            if early_stopping.early_stop:
                print("Early stopping")
                break
        self.model.load_state_dict(torch.load(path + "/checkpoint.pth"))

    def test(self, setting):
        self.model.eval()
        preds, trues = [], []
        with torch.no_grad():
            for batch_x, batch_y in self._get_data("test"):
                preds.append(self.model(batch_x))
                trues.append(batch_y)
        mae, mse, mase = metric(preds, trues, naive=0.42)
        print("mse:{}, mae:{}, mase:{}".format(mse, mae, mase))
        with open("result.txt", "a") as f:
            f.write(setting + "  \n")
            f.write("mse:{}, mae:{}, mase:{}\n\n".format(mse, mae, mase))
