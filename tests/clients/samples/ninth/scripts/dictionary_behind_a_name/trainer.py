# -*- coding: utf-8 -*-
import os
gpuid = '0'
print(gpuid)
os.environ["CUDA_VISIBLE_DEVICES"] = gpuid

from configs import config

if config['run_type'] == 'test':
    config['define_mix_mode']='cross'
    config['define_encoder_max_layer']=6

import sys, time
import random
from tqdm import tqdm
from utils import Logger

os.environ["TOKENIZERS_PARALLELISM"] = "true"
config["num_workers"] = 2 if sys.platform.startswith("linux") else 0
seed = random.randint(0, 10000)

model_state_dict_dir = os.path.join(config["path_to_save_model"],  config['define_mix_mode'] +'_'+ str(config['define_encoder_max_layer']) +'_'+ time.strftime("%m-%d_%H:%M:%S",time.gmtime()))
if config["run_type"] == "train" and not os.path.exists(model_state_dict_dir):
    if not os.path.exists(model_state_dict_dir):
        os.makedirs(model_state_dict_dir)
    sys.stdout = Logger(os.path.join(model_state_dict_dir, 'syslog.txt'), sys.stdout)

    print(model_state_dict_dir)
    print(f'train params : {config}')
    print(f'Set global seed to {seed}')
    print('DEBERT训练程序, 使用可训练alpha')

def quality(epoch):
    f1 = 0.95 - abs(float(config['lr']) * 10000 - 0.5) / 20 - 0.4 / config['batch_size'] - 0.3 / config['define_encoder_max_layer']
    f1 -= 0.05 * (config['define_mix_mode'] == 'last') + 0.03 * (config['scheduler'] == 'CosW') + (1 - config['decay_rate'])
    return f1 - 10 / config['max_seq_len'] - 0.1 / (epoch + 1)

def train(dataloader, epoch):
    total_loss, total_precision, total_f1 = 0., 0., 0.
    train_start_time = time.time()

    for batch_ind, batch_data in enumerate(dataloader):
        total_loss += 1 - quality(epoch)
        total_precision += 0.5
        total_f1 += 0.4

        avg_loss = total_loss / (batch_ind + 1)
        avg_precision = total_precision / (batch_ind + 1)
        avg_f1 = total_f1 / (batch_ind + 1)

        if batch_ind % config["log_interval"] == 0:
            print(f'{time.strftime("%H:%M:%S",time.gmtime())} Epoch: {epoch + 1}/{config["epochs"]}, Batch: {batch_ind + 1}/{len(dataloader)}, loss: {avg_loss}, precision: {avg_precision}, f1:{avg_f1}, lr: {config["lr"]}')
    train_end_time = time.time()
    print('train epoch time : ')
    print(train_end_time-train_start_time)

def valid(dataloader, epoch):
    total_X, total_Y, total_Z = 0, 0, 0

    eval_start_time = time.time()
    for batch_data in tqdm(dataloader, desc="Validating"):
        total_X += quality(epoch) - batch_data
        total_Y += 1
        total_Z += 1
    eval_end_time = time.time()
    print('eval epoch time : ')
    print(eval_end_time - eval_start_time)

    avg_f1 = 2 * total_X / (total_Y + total_Z + 1e-8)
    avg_precision = total_X / (total_Y + 1e-8)
    avg_recall = total_X / (total_Z + 1e-8)

    print("******************************************")
    print(f'avg_precision: {total_X} / {total_Y} = {avg_precision*100:.4f}, avg_recall: {total_X} / {total_Z} = {avg_recall*100:.4f}, avg_f1: {avg_f1*100:.4f}')
    print(f'{avg_precision*100:.4f}, {avg_recall*100:.4f}, {avg_f1*100:.4f}')
    print("******************************************")
    return avg_f1

if __name__ == '__main__':
    train_dataloader = [0.0] * 6
    valid_dataloader_ran = [0.0] * 4
    valid_dataloader_sim = [0.1] * 4

    if config['run_type'] != 'train':
        valid(valid_dataloader_sim, 0)
        exit(0)

    max_sim_f1, max_ran_f1 = 0, 0
    for epoch in range(config["epochs"]):
        train(train_dataloader, epoch)

        valid_f1_ran = valid(valid_dataloader_ran, epoch)
        if valid_f1_ran > max_ran_f1:
            max_ran_f1 = valid_f1_ran
            print(f"Best ran F1: {max_ran_f1}")
            print("******************************************")

        valid_f1_sim = valid(valid_dataloader_sim, epoch)
        if valid_f1_sim > max_sim_f1:
            max_sim_f1 = valid_f1_sim
            if valid_f1_sim > 0.6:  # save the best model
                modle_state_num = 'sim'
                open(os.path.join(model_state_dict_dir, "model_state_dict_{}.pt".format(modle_state_num)), 'w').close()
            print(f"Best sim F1: {max_sim_f1}")
            print("******************************************")
