import math
import os
import time

import numpy as np

from utils.tools import EarlyStopping, adjust_learning_rate


class Exp_Long_Term_Forecast(object):
    def __init__(self, args):
        self.args = args
        self.rng = np.random.default_rng(2021)
        self.weights = self.rng.normal(size=(args.seq_len, args.pred_len)) / args.seq_len
        print('Use CPU')

    def _error(self, progress=1.0):
        a = self.args
        mse = 0.36
        mse += 0.04 * abs(math.log10(a.learning_rate) + 3)
        mse += 2.0 / a.d_model
        mse += 0.1 * abs(a.dropout - 0.2)
        mse += 0.01 * abs(math.log2(a.batch_size / 16))
        mse += 0.0005 * abs(a.seq_len - 192)
        mse += 0.01 * abs(a.e_layers - 3)
        return mse * (1 + 0.5 * (1 - progress))

    def train(self, setting):
        path = os.path.join(self.args.checkpoints, setting)
        if not os.path.exists(path):
            os.makedirs(path)

        train_steps = 200
        early_stopping = EarlyStopping(patience=self.args.patience, verbose=True)
        time_now = time.time()
        for epoch in range(self.args.train_epochs):
            epoch_time = time.time()
            progress = (epoch + 1) / self.args.train_epochs
            for i in range(train_steps):
                x = self.rng.normal(size=(self.args.batch_size, self.args.seq_len))
                loss = self._error(progress) * 0.9 + 1e-4 * float(np.tanh((x @ self.weights).mean()))
                if (i + 1) % 100 == 0:
                    print("\titers: {0}, epoch: {1} | loss: {2:.7f}".format(i + 1, epoch + 1, loss))
                    speed = (time.time() - time_now) / 100
                    left_time = speed * ((self.args.train_epochs - epoch) * train_steps - i)
                    print('\tspeed: {:.4f}s/iter; left time: {:.4f}s'.format(speed, left_time))
                    time_now = time.time()

            print("Epoch: {} cost time: {}".format(epoch + 1, time.time() - epoch_time))
            train_loss = self._error(progress) * 0.9
            vali_loss = self._error(progress) * 1.2
            test_loss = self._error(progress)
            print("Epoch: {0}, Steps: {1} | Train Loss: {2:.7f} Vali Loss: {3:.7f} Test Loss: {4:.7f}".format(
                epoch + 1, train_steps, train_loss, vali_loss, test_loss))
            early_stopping(vali_loss, self.weights, path)
            if early_stopping.early_stop:
                print("Early stopping")
                break
            adjust_learning_rate(epoch + 1, self.args)

    def test(self, setting, test=0):
        if test:
            print('loading model')
            self.weights = np.load(os.path.join(self.args.checkpoints, setting, 'checkpoint.npy'))
        preds = np.zeros((32, self.args.pred_len, 7))
        print('test shape:', preds.shape, preds.shape)
        folder_path = './results/' + setting + '/'
        if not os.path.exists(folder_path):
            os.makedirs(folder_path)

        mse = self._error()
        mae = math.sqrt(mse) * 0.66
        print('mse:{}, mae:{}'.format(mse, mae))
        f = open("result_long_term_forecast.txt", 'a')
        f.write(setting + "  \n")
        f.write('mse:{}, mae:{}'.format(mse, mae))
        f.write('\n')
        f.write('\n')
        f.close()
        np.save(folder_path + 'metrics.npy', np.array([mae, mse]))
        np.save(folder_path + 'pred.npy', preds)
