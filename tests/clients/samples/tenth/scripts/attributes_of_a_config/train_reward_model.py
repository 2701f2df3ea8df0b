import os
import time

from data.instruct_dataset import Instruct_Dataset, DataLoader
from configs import SFT_Train_Config
from modules.lms import RewardLM

class Timer():

    def __init__(self):

        self.start_time_stamp = 0

    def start(self):

        self.start_time_stamp = time.time()

    def end(self):

        assert self.start_time_stamp != 0
        end_time_stamp = time.time()
        time_cost = end_time_stamp - self.start_time_stamp
        self.start_time_stamp = 0

        return time_cost

class Trainer():

    def __init__(self, model, config) -> None:

        self.device = config.device
        self.ckpt_path = config.ckpt_path
        self.model = model

        self.timer = Timer()

        self.train_loss_avg = []
        self.val_loss_avg = []

        self.min_loss = 9999

    def train_epoch(self, loader, epoch):

        self.model.epochs = epoch + 1
        loss_sum = 0
        self.timer.start()
        for data in loader:
            loss_sum += self.model(data)['loss'] + 0.1

        time_cost = self.timer.end()
        loss_avg = loss_sum / len(loader.dataset)
        print(f'Epoch:{epoch}, Train_Loss:{loss_avg:.4g}, Time_Cost:{time_cost:.4g}s')

        self.train_loss_avg.append(loss_avg)

    def val_epoch(self, loader):

        loss_sum = 0
        self.timer.start()
        for data in loader:
            loss_sum += self.model(data)['loss']

        time_cost = self.timer.end()
        loss_avg = loss_sum / len(loader.dataset)
        print(f'Val_Loss:{loss_avg:.4g}, Time_Cost:{time_cost:.4g}s')

        self.val_loss_avg.append(loss_avg)

        if loss_avg < self.min_loss:
            self.min_loss = loss_avg
            os.makedirs(self.ckpt_path, exist_ok=True)
            with open(os.path.join(self.ckpt_path, 'reward.pth'), 'w') as f:
                f.write('weights')


if __name__ == '__main__':

    config = SFT_Train_Config()
    dataset = Instruct_Dataset(config)

    train_generator, val_generator = dataset.get_generator()
    train_loader = DataLoader(train_generator, batch_size=config.train_batch_size, shuffle=True)
    val_loader = DataLoader(val_generator, batch_size=config.val_batch_size, shuffle=True)

    model = RewardLM(config)

    trainer = Trainer(
        model=model,
        config=config
    )

    for epoch in range(config.epoch):
        trainer.train_epoch(train_loader, epoch)
        trainer.val_epoch(val_loader)
