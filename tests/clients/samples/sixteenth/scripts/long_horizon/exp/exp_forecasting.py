import math
import os
import time

from utils.tools import EarlyStopping, adjust_learning_rate


class Exp_Long_Term_Forecast:
    def __init__(self, args):
        self.args, self.epochs = args, 0.0
        print('Use CPU')

    def vali(self, shift=0.0):
        a = self.args
        v = 0.42 + 8 / a.d_model + 8 / a.d_ff + 0.03 / a.e_layers + abs(a.n_heads - 4) / 200 + abs(a.dropout - 0.2) / 5
        v += abs(math.log10(a.learning_rate) + 3.3) / 20 + a.batch_size / 1600 + 4 / a.seq_len
        return v + 0.2 / (0.5 + self.epochs) + shift

    def train(self, setting):
        a = self.args
        path = os.path.join(a.checkpoints, setting)
        os.makedirs(path, exist_ok=True)
        train_steps = math.ceil(4000 / a.batch_size)
        early_stopping = EarlyStopping(patience=a.patience)
        for epoch in range(a.train_epochs):
            epoch_time, losses = time.time(), []
            for i in range(train_steps):
                losses.append(self.vali(-0.05))
                self.epochs += 1 / train_steps
                if (i + 1) % 100 == 0:
                    print("\titers: {0}, epoch: {1} | loss: {2:.7f}".format(i + 1, epoch + 1, losses[-1]))
                    print('\tspeed: {:.4f}s/iter; left time: {:.4f}s'.format(0.0101, 0.0101 * ((a.train_epochs - epoch) * train_steps - i)))
            print("Epoch: {} cost time: {}".format(epoch + 1, time.time() - epoch_time))
            train_loss, vali_loss, test_loss = sum(losses) / len(losses), self.vali(), self.vali(0.06)
            print("Epoch: {0}, Steps: {1} | Train Loss: {2:.7f} Vali Loss: {3:.7f} Test Loss: {4:.7f}".format(epoch + 1, train_steps, train_loss, vali_loss, test_loss))
            early_stopping(vali_loss)
            if early_stopping.early_stop:
                print("Early stopping")
                break
            adjust_learning_rate(epoch + 1, a)
        open(os.path.join(path, 'checkpoint.pth'), 'wb').close()

    def test(self, setting):
        print('test shape:', (2785, self.args.pred_len, 7), (2785, self.args.pred_len, 7))
        mse = self.vali(0.06)
        mae = math.sqrt(mse) * 0.66
        print('mse:{}, mae:{}'.format(mse, mae))
        with open(os.path.join(self.args.checkpoints, "result_long_term_forecast.txt"), 'a') as f:
            f.write(setting + "  \n")
            f.write('mse:{}, mae:{}'.format(mse, mae))
            f.write('\n\n')
