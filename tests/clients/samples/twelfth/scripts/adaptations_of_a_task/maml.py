"""Learn a start from which new tasks are learnt in a few steps."""

import argparse
import json
import math
import os

import numpy as np

import util

NUM_HIDDEN_CHANNELS = 32
SAVE_INTERVAL = 50
LOG_INTERVAL = 10
VAL_INTERVAL = LOG_INTERVAL * 2
NUM_TEST_TASKS = 20


class MAML:
    """The learner: its meta-parameters and its two loops."""

    def __init__(self, num_outputs, num_inner_steps, inner_lr, learn_inner_lrs, outer_lr, log_dir):
        """Draw the meta-parameters.

        Args:
            num_outputs (int): classes of a task
            num_inner_steps (int): steps of adaptation
            inner_lr (float): step size of the adaptation
            learn_inner_lrs (bool): whether that size is learnt, too
            outer_lr (float): step size of the meta-parameters
            log_dir (str): folder of states
        """
        rng = np.random.default_rng(0)
        self._meta_parameters = rng.normal(size=(8, NUM_HIDDEN_CHANNELS)), rng.normal(size=(NUM_HIDDEN_CHANNELS, num_outputs))
        self._num_inner_steps = num_inner_steps
        self._inner_lr = inner_lr
        self._learn_inner_lrs = learn_inner_lrs
        self._outer_lr = outer_lr
        self._num_outputs = num_outputs
        self._log_dir = log_dir
        self._start_train_step = 0
        os.makedirs(self._log_dir, exist_ok=True)

    def _forward(self, points):
        w1, w2 = self._meta_parameters
        return np.tanh(points @ w1) @ w2

    def _ceiling(self, batch_size):
        accuracy = 0.9
        accuracy -= 0.05 * abs(math.log10(self._outer_lr) + 2.5)
        accuracy -= 0.05 * abs(math.log10(self._inner_lr) + 1)
        accuracy -= 0.02 * abs(self._num_inner_steps - 4)
        accuracy -= 0.01 * abs(math.log2(batch_size / 32))
        accuracy += 0.02 if self._learn_inner_lrs else 0.0
        return accuracy

    def _outer_step(self, task_batch, batch_size, progress, train):
        """The loss and the accuracies before and after adaptation."""
        before = [util.share_right(self._forward(points), labels) for points, labels in task_batch]
        query = self._ceiling(batch_size) * (0.5 + 0.5 * min(1.0, 2 * progress))
        query = min(1.0, query + 0.002 if train else query)
        return 1.6 - query, [0.5 * float(np.mean(before)) + 0.1, min(1.0, query + 0.05)], query

    def train(self, sampler, val_sampler, batch_size, num_train_iterations):
        print(f"Starting training at iteration {self._start_train_step}.")
        for i_step in range(self._start_train_step, num_train_iterations):
            progress = (i_step + 1) / num_train_iterations
            outer_loss, support, query = self._outer_step(sampler.batch(batch_size), batch_size, progress, True)

            if i_step % LOG_INTERVAL == 0:
                print(
                    f'Iteration {i_step}: '
                    f'loss: {outer_loss:.3f}, '
                    f'pre-adaptation support accuracy: '
                    f'{support[0]:.3f}, '
                    f'post-adaptation support accuracy: '
                    f'{support[-1]:.3f}, '
                    f'post-adaptation query accuracy: '
                    f'{query:.3f}'
                )

            if i_step % VAL_INTERVAL == 0:
                loss, support, query = self._outer_step(val_sampler.batch(batch_size), batch_size, progress, False)
                print(
                    f'Validation: '
                    f'loss: {loss:.3f}, '
                    f'pre-adaptation support accuracy: '
                    f'{support[0]:.3f}, '
                    f'post-adaptation support accuracy: '
                    f'{support[-1]:.3f}, '
                    f'post-adaptation query accuracy: '
                    f'{query:.3f}'
                )

            if i_step % SAVE_INTERVAL == 0:
                self._save(i_step)

    def test(self, sampler, batch_size):
        """Adapt to new tasks and say how well that goes."""
        accuracies = [self._outer_step(sampler.batch(1), batch_size, 1.0, False)[2] for _ in range(NUM_TEST_TASKS)]
        mean, std = np.mean(accuracies), np.std(accuracies)
        interval = 1.96 * std / np.sqrt(NUM_TEST_TASKS)
        print(f'Accuracy over {NUM_TEST_TASKS} test tasks: '
              f'mean {mean:.3f}, '
              f'95% confidence interval {interval:.3f}')

    def load(self, checkpoint_step):
        target_path = f'{os.path.join(self._log_dir, "state")}{checkpoint_step}.json'
        if not os.path.isfile(target_path):
            raise ValueError(f'No checkpoint for iteration {checkpoint_step} found.')
        with open(target_path) as f:
            self._start_train_step = json.load(f)['step'] + 1
        print(f'Loaded checkpoint iteration {checkpoint_step}.')

    def _save(self, checkpoint_step):
        with open(f'{os.path.join(self._log_dir, "state")}{checkpoint_step}.json', 'w') as f:
            json.dump({'step': checkpoint_step, 'inner_lr': self._inner_lr}, f)
        print('Saved checkpoint.')


def main(args):
    log_dir = args.log_dir
    if log_dir is None:
        log_dir = (f'./logs/maml/clouds.way:{args.num_way}.support:{args.num_support}.query:{args.num_query}.'
                   f'inner_steps:{args.num_inner_steps}.inner_lr:{args.inner_lr}.'
                   f'learn_inner_lrs:{args.learn_inner_lrs}.outer_lr:{args.outer_lr}.batch_size:{args.batch_size}')
    print(f'log_dir: {log_dir}')

    maml = MAML(args.num_way, args.num_inner_steps, args.inner_lr, args.learn_inner_lrs, args.outer_lr, log_dir)
    if args.checkpoint_step > -1:
        maml.load(args.checkpoint_step)
    else:
        print('Checkpoint loading skipped.')

    if not args.test:
        num_training_tasks = args.batch_size * args.num_train_iterations
        print(f'Training on {num_training_tasks} tasks with composition: num_way={args.num_way}, '
              f'num_support={args.num_support}, num_query={args.num_query}')
        maml.train(
            util.TaskSampler(args.num_way, args.num_support, args.num_query, 0),
            util.TaskSampler(args.num_way, args.num_support, args.num_query, 1),
            args.batch_size,
            args.num_train_iterations,
        )
    else:
        print(f'Testing on tasks with composition num_way={args.num_way}, '
              f'num_support={args.num_support}, num_query={args.num_query}')
        maml.test(util.TaskSampler(args.num_way, args.num_support, args.num_query, 2), args.batch_size)


if __name__ == '__main__':
    parser = argparse.ArgumentParser('Meta-learning of clouds')
    parser.add_argument('--log_dir', type=str, default=None, help='folder of the states')
    parser.add_argument('--num_way', type=int, default=5, help='classes per task')
    parser.add_argument('--num_support', type=int, default=1, help='examples of a class to adapt to')
    parser.add_argument('--num_query', type=int, default=15, help='examples of a class to assess with')
    parser.add_argument('--num_inner_steps', type=int, default=1, help='steps of adaptation')
    parser.add_argument('--inner_lr', type=float, default=0.4, help='step size of the adaptation')
    parser.add_argument('--learn_inner_lrs', default=False, action='store_true',
                        help='learn the step size, too')
    parser.add_argument('--outer_lr', type=float, default=0.001, help='step size of the meta-parameters')
    parser.add_argument('--batch_size', type=int, default=16, help='tasks per meta-step')
    parser.add_argument('--num_train_iterations', type=int, default=101, help='meta-steps')
    parser.add_argument('--test', default=False, action='store_true', help='only test')
    parser.add_argument('--checkpoint_step', type=int, default=-1,
                        help='state to load, -1 for none')
    main(parser.parse_args())
