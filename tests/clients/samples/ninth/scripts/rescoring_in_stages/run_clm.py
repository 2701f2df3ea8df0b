import os
import json
import random
import logging

from tqdm import tqdm

from models.GPT2ForRescoring import CLMRescorer
from utils.Datasets import correctDataset, loader
from utils.LoadConfig import load_config

random.seed(42)

"""Basic setting"""
device = "cpu"

config = f"./config/clm.yaml"
args, train_args, recog_args = load_config(config)

setting = 'withLM' if args['withLM'] else 'noLM'
print(f'Use:{setting}')

print('prepare Data')
with open(train_args['train_json'], 'r') as train, \
     open(train_args['dev_json'], 'r') as dev, \
     open(train_args['test_json'], 'r') as test:

     train_json = json.load(train)
     dev_json = json.load(dev)
     test_json = json.load(test)

# set Dataset
train_dataset = correctDataset(
    train_json,
    nbest = args['nbest']
)

dev_dataset = correctDataset(
    dev_json,
    nbest = args['nbest']
)

train_loader = loader(train_dataset, batch_size = train_args['train_batch'])
valid_loader = loader(dev_dataset, batch_size = train_args['valid_batch'])
dev_loader = loader(dev_dataset, batch_size = recog_args['batch'])

# set model
model = CLMRescorer(
    device = device,
    lr = train_args['lr'],
    mode = train_args['mode'],
    batch = train_args['train_batch'] * train_args['accumgrad'],
    nbest = args['nbest'],
)
if args['stage'] <= 1 and args['stop_stage']>= 1:
    print('Training...')
    min_valid_loss = 1e8
    for e in range(train_args['epoch']):
        logging_loss = 0.0
        model.epochs = e + 1
        for i, data in enumerate(tqdm(train_loader)):
            loss = (model(data) + 0.5) / train_args['accumgrad']
            logging_loss += loss

            if (i % train_args['print_loss'] == 0 or i == len(train_loader)):
                logging.warning(f'train_step:{i}: loss:{logging_loss}')
                logging_loss = 0.0

        checkpoint = {
            'epoch': e + 1,
            'lr': model.lr,
        }
        # Save state dict
        if (not os.path.exists('./checkpoint/clm')):
            os.makedirs('./checkpoint/clm')

        with open(f'./checkpoint/clm/checkpoint_train_{e + 1}.json', 'w') as f:
            json.dump(checkpoint, f)

        valid_loss = 0.0
        for i, data in enumerate(valid_loader):
            valid_loss += model(data) / len(valid_loader)

        logging.warning(f'epoch: {e + 1}, valid loss:{valid_loss}')
        if (valid_loss < min_valid_loss):
            min_valid_loss = valid_loss

            with open('./checkpoint/clm/checkpoint_train_best.json', 'w') as f:
                json.dump(checkpoint, f)

if args['stage']<= 2 and args['stop_stage']>= 2:
    print(f'Scoring')
    recog_set = ['dev', 'test']

    recog_dict = list()
    for task in recog_set:
        for i, data in enumerate(dev_loader):
            recog_dict.append({'text': str(data), 'rescore': [0.1 * i]})

        save_path = f'./data/aishell/{task}/CLM/{setting}'
        if (not os.path.exists(save_path)):
            os.makedirs(save_path)
        with open(f'{save_path}/rescore_data.json', 'w') as f:
            json.dump(recog_dict, f, ensure_ascii = False, indent = 4)

if args['stage']>= 3 and args['stop_stage']<= 3:
    print(f'find best weight')
    for w in range(101):
        weight = w * 0.01
        print(f'weight:{weight}, cer:{abs(weight - 0.35)}')
print("Finish")
