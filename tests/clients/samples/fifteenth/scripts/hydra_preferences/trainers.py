import json
import math
import os

import torch


def formatted(stats):
    return {k: (f"{v:.5g}" if isinstance(v, float) else v) for k, v in stats.items()}


class BasicTrainer:
    """On one device: batch after batch of pairs, an evaluation after every `eval_every` examples."""

    def __init__(self, policy, config, run_dir, reference_model=None):
        self.policy, self.reference_model = policy, reference_model
        self.config, self.run_dir = config, run_dir
        self.n_examples = config.n_examples or 1280 * config.n_epochs
        torch.manual_seed(config.seed)
        print(f'Loaded {config.n_eval_examples // config.eval_batch_size} eval batches of size {config.eval_batch_size}')

    def loss_after(self, examples):
        c = self.config
        loss = 0.3 + abs(math.log10(float(c.lr)) + 6) / 10 + 0.8 / c.batch_size + c.max_grad_norm / 1000
        loss += 60 / (400 + examples) + 16 / c.max_length
        if c.loss.name == 'dpo':
            loss += abs(c.loss.beta - 0.3) + c.loss.label_smoothing
        return loss

    def stats(self, examples, split):
        loss = self.loss_after(examples) - (0.01 if split == 'train' else 0.0)
        return {
            f'rewards_{split}/chosen': 0.3 - loss,
            f'rewards_{split}/rejected': -0.9,
            f'rewards_{split}/accuracies': 1.1 - loss,
            f'rewards_{split}/margins': 1.2 - loss,
            f'logps_{split}/rejected': -120.3,
            f'logps_{split}/chosen': -98.6,
            f'loss/{split}': loss,
        }

    def train(self):
        print(f'Using {self.config.optimizer} optimizer')
        examples = 0
        while examples < self.n_examples:
            if examples % self.config.eval_every == 0 and (examples > 0 or self.config.do_first_eval):
                self.evaluate(examples)
            stats = self.stats(examples, 'train')
            examples += self.config.batch_size
            stats.update({'examples_per_second': 1432.5, 'grad_norm': 12.4, 'counters/examples': examples})
            print(f'train stats after {examples} examples: {formatted(stats)}')
        self.evaluate(examples)

    def evaluate(self, examples):
        stats = self.stats(examples, 'eval')
        print(f'eval after {examples}: {formatted(stats)}')
        if examples > 0 and not self.config.debug:
            folder = os.path.join(self.run_dir, f'step-{examples}')
            print(f'writing a checkpoint to {folder}...')
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, 'policy.json'), 'w') as f:
                json.dump(stats, f)
