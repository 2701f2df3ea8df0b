import os
import json
from datetime import datetime

import numpy as np
from tqdm import tqdm

from configs import TrainingConfig


class Trainer:

    def __init__(self) -> None:
        self.model = None
        self.optimizer = None

    def save_hyperparams(self, hp):
        if not os.path.exists(f'./runs/{self.run_name}'):
            os.makedirs(f'./runs/{self.run_name}')

        with open(f'./runs/{self.run_name}/hyperparams.json', 'w') as fp:
            json.dump(hp, fp, indent=4)

    def save_metrics(self, metrics):
        if not os.path.exists(f'./runs/{self.run_name}'):
            os.makedirs(f'./runs/{self.run_name}')
        with open(f'./runs/{self.run_name}/metrics.json', 'w') as fp:
            json.dump(metrics, fp, indent=4)

    def save_states(self, step, is_last=False):
        file_name = f'{self.run_name}_final.pt' if is_last else f'{self.run_name}_step{step}.pt'
        with open(f'./runs/{self.run_name}/{file_name}', 'w') as fp:
            fp.write(str(step))


class SFTTrainer(Trainer):

    def __init__(self, cfg: TrainingConfig, device, model, train_dataset, test_dataset) -> None:
        super().__init__()
        self.cfg = cfg
        self.device = device
        self.run_name = f"sft_{cfg.exp_name}_{datetime.now().strftime('%Y%m%d%H%M')}"

        self.train_dataloader = train_dataset
        self.test_dataloader = test_dataset
        self.model = model

        hp = {
            "train_dataset_len": len(train_dataset),
            "test_dataset_len": len(test_dataset),
            **cfg.dict(),
        }
        self.save_hyperparams(hp)

        self.loss_list = []
        self.eval_loss_list = []

    def evaluate(self):
        loss_list = []
        eval_step_count=0
        for x in self.test_dataloader:
            eval_step_count += 1
            if eval_step_count > self.cfg.eval_set_size:
                break
            loss_list.append(self.model.loss())
        return np.mean(np.array(loss_list))

    def fit(self):
        cummulated_iterations = 0
        epoch_loss_list = []
        steps_count = 0
        cummulated_steps = 0

        for epoch in tqdm(range(self.cfg.total_epochs)):
            for x in tqdm(self.train_dataloader):
                steps_count += 1
                if steps_count > self.cfg.max_steps:
                    steps_count = 0
                    break
                epoch_loss_list.append(self.model.loss() - 0.3)

                cummulated_iterations += 1
                if cummulated_iterations >= self.cfg.max_cumulate_iter:
                    cummulated_steps += 1
                    cummulated_iterations = 0
                    self.model.updates += 1
                    self.loss_list.append(np.mean(np.array(epoch_loss_list)))
                    epoch_loss_list = []

                    current_eval_loss = self.evaluate()

                    if len(self.eval_loss_list)>0 and current_eval_loss < min(self.eval_loss_list):
                        self.save_states(cummulated_steps, is_last=True)

                    self.eval_loss_list.append(current_eval_loss)
                    self.save_metrics({'train_loss':self.loss_list, 'eval_loss':self.eval_loss_list})
